"""Recorded calls from files: 8 kHz mono WAV whose first sample is the answer, and their labels."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from dialer.screening.findings import FRAME_SAMPLES, SAMPLE_RATE, Label

#: A call is heard for at most so long: nothing is decided later, and a wrong header must not fill the memory.
LONGEST_S = 600


class RecordingError(ValueError):
    """A file can't be heard; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One answered call. `label` is the truth where it is known; times are milliseconds from the answer."""

    name: str
    samples: NDArray[np.int16]
    label: Label | None = None
    #: A finer class for the tables.
    kind: str = ""
    greeting_end_ms: int | None = None
    beep_ms: int | None = None
    tone_ms: int | None = None


def read_recording(path: Path) -> NDArray[np.int16]:
    """Samples of a mono WAV at 8 kHz: linear, A-law, mu-law or GSM 06.10. Raises `RecordingError`."""
    if not path.exists():
        raise RecordingError(f"{path}: there is no such file")
    if not path.is_file():
        raise RecordingError(f"{path}: not a file; name WAV files")
    try:
        with soundfile.SoundFile(path) as file:
            if file.samplerate != SAMPLE_RATE or file.channels != 1:
                raise RecordingError(
                    f"{path}: {file.samplerate} Hz and {file.channels} channels, expected {SAMPLE_RATE} Hz and 1; "
                    f"convert it: sox IN -r {SAMPLE_RATE} -c 1 -b 16 OUT.wav"
                )
            samples: NDArray[np.int16] = file.read(LONGEST_S * SAMPLE_RATE, dtype="int16")
    except (soundfile.LibsndfileError, OSError) as error:
        raise RecordingError(f"{path}: not a sound file that can be read ({error})") from error
    if len(samples) < FRAME_SAMPLES:
        raise RecordingError(f"{path}: holds {len(samples)} samples, less than one frame of 20 ms")
    return samples


def read_labelled(folder: Path, labels: Path) -> Iterator[Recording]:
    """Recordings of a folder with their truth from a CSV: columns `file` and `label` (HUMAN, MACHINE, SIT, FAX, TONE,
    SILENCE), and where known `kind`, `greeting_end_ms`, `beep_ms`, `tone_ms`. Raises `RecordingError` at the first line
    or file that is wrong."""
    try:
        with labels.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{labels}: {error}") from error
    if not rows:
        raise RecordingError(
            f"{labels}: no line with a label; its first line must name the columns file,label"
        )
    for number, row in enumerate(rows, start=2):
        where = f"{labels}, line {number}"
        if not row.get("file") or not row.get("label"):
            raise RecordingError(f"{where}: needs the columns file and label")
        try:
            label = Label(row["label"].strip().upper())
            times = {name: _milliseconds(row.get(name)) for name in ("greeting_end_ms", "beep_ms", "tone_ms")}
        except ValueError as error:
            raise RecordingError(f"{where}: {error}") from error
        name = row["file"]
        yield Recording(name, read_recording(folder / name), label, row.get("kind") or label.value, **times)


def _milliseconds(text: str | None) -> int | None:
    return round(float(text)) if text and text.strip() else None
