"""Two mono legs into one stereo FLAC with its waveform and checksum, in blocks: an hour's call needs no more memory
than a minute's."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedRandom
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from dialer.domain.errors import DialerError
from dialer.recording.layout import PEAKS_PER_S

#: Samples are read and written this many seconds at a time.
_BLOCK_S = 20
#: No chunk before the samples is longer in a file of ours.
_CHUNK_BYTES = 4096
_PEAK_SHIFT = 7  # 16-bit samples to 0..255

Samples = NDArray[np.int16]


class BadSound(DialerError):
    """A leg's file is no sound that belongs to the other's; says which and why."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What is to be known of a joined file."""

    duration_ms: int
    size_bytes: int
    sha256: str
    peaks: bytes  # the customer's half, then the agent's


def join_legs(customer: BinaryIO | None, agent: BinaryIO | None, target: BufferedRandom) -> Sound:
    """Write the stereo FLAC (customer left, agent right) into `target`, open for writing and reading.

    A missing leg, and the end of the shorter one, are silence; so is the one slice of a call of no length. A WAV
    whose header was never completed because the switch died counts as far as it goes. Raises BadSound.
    """
    legs = [
        _Leg.open(file, who) if file is not None else None
        for file, who in ((customer, "customer"), (agent, "agent"))
    ]
    rates = {leg.rate for leg in legs if leg is not None}
    if len(rates) != 1:
        raise BadSound(f"the two legs have {sorted(rates)} samples a second; they must have the same")
    (rate,) = rates
    if rate % PEAKS_PER_S:
        raise BadSound(f"{rate} samples a second do not divide into {PEAKS_PER_S} slices")
    slice_samples = rate // PEAKS_PER_S
    frames = 0
    peaks: tuple[list[bytes], list[bytes]] = ([], [])
    with soundfile.SoundFile(target, "w", rate, 2, "PCM_16", format="FLAC") as flac:
        for block in _blocks(legs, rate * _BLOCK_S, slice_samples):
            flac.write(block)
            frames += len(block)
            for side, parts in enumerate(peaks):
                parts.append(measure_peaks(block[:, side], slice_samples))
    target.seek(0)
    checksum = hashlib.file_digest(target, "sha256").hexdigest()
    size = target.seek(0, 2)
    return Sound(round(frames * 1000 / rate), size, checksum, b"".join(peaks[0] + peaks[1]))


def measure_peaks(samples: Samples, slice_samples: int) -> bytes:
    """The loudest sample of each slice, 0 to 255; the last slice may be short."""
    loud = np.abs(samples.astype(np.int32))
    loud = np.append(loud, np.zeros(-len(loud) % slice_samples, dtype=np.int32))
    peaks = loud.reshape(-1, slice_samples).max(axis=1) >> _PEAK_SHIFT
    return bytes(np.minimum(peaks, 255).astype(np.uint8))


@dataclass(slots=True)
class _Leg:
    """A mono WAV, read from where its samples begin."""

    file: BinaryIO
    rate: int
    left_bytes: int | None  # None: the header does not say, so to the end of the file

    @classmethod
    def open(cls, file: BinaryIO, who: str) -> _Leg:
        """Read the header. Asterisk writes it with lengths of 0 and mends them on closing (format_wav.c)."""
        if file.read(4) != b"RIFF" or len(file.read(4)) != 4 or file.read(4) != b"WAVE":
            raise BadSound(f"the {who}'s leg is no sound")
        shape: tuple[int, ...] = ()
        while len(head := file.read(8)) == 8:
            chunk, size = struct.unpack("<4sI", head)
            if chunk == b"data" and shape:
                return cls(file, shape[2], size or None)
            body = file.read(min(size + size % 2, _CHUNK_BYTES))
            if chunk == b"fmt " and len(body) >= 16:
                shape = struct.unpack("<HHIIHH", body[:16])
                if (shape[0], shape[1], shape[5]) != (1, 1, 16):
                    raise BadSound(f"the {who}'s leg is no 16-bit PCM of one channel")
        raise BadSound(f"the {who}'s leg is no sound: it ends within its header")

    def read(self, frames: int) -> Samples:
        wanted = frames * 2 if self.left_bytes is None else min(frames * 2, self.left_bytes)
        data = self.file.read(wanted)
        if self.left_bytes is not None:
            self.left_bytes -= len(data)
        return np.frombuffer(data, dtype="<i2", count=len(data) // 2)


def _blocks(legs: list[_Leg | None], frames: int, shortest: int) -> Iterator[Samples]:
    """Both legs side by side, `frames` at a time until the longer one ends; at least `shortest` of silence."""
    first = True
    while True:
        read = [leg.read(frames) if leg is not None else () for leg in legs]
        longest = max(map(len, read))
        if not longest and not first:
            return
        block = np.zeros((longest or shortest, 2), dtype=np.int16)
        for side, samples in enumerate(read):
            block[: len(samples), side] = samples
        yield block
        if not longest:
            return
        first = False
