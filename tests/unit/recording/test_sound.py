"""Two legs into one file: the right side, the right length, the right peaks, and what is no sound."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from dialer.recording.layout import PEAKS_PER_S
from dialer.recording.sound import BadSound, Sound, join_legs, measure_peaks

RATE = 8000


def tone(hz: float, seconds: float, level: int = 12_000) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(RATE * seconds)) / RATE)).astype(np.int16)


def write_leg(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, "PCM_16", format="WAV")
    return path


def join(folder: Path, customer: Path | None, agent: Path | None) -> tuple[Sound, np.ndarray]:
    target = folder / "joined.flac"
    with target.open("w+b") as file:
        legs = [leg.open("rb") if leg else None for leg in (customer, agent)]
        try:
            sound = join_legs(legs[0], legs[1], file)
        finally:
            for leg in legs:
                if leg:
                    leg.close()
    samples, rate = soundfile.read(target, dtype="int16")
    assert rate == RATE
    assert sound.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert sound.size_bytes == target.stat().st_size
    return sound, samples


def loudest_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * RATE / len(samples))


def test_the_customer_is_left_and_the_agent_right(tmp_path: Path) -> None:
    customer = write_leg(tmp_path / "rx.wav", tone(1000, 2.0))
    agent = write_leg(tmp_path / "tx.wav", tone(440, 2.0, level=3000))
    sound, samples = join(tmp_path, customer, agent)
    assert samples.shape == (2 * RATE, 2)
    assert loudest_hz(samples[:, 0]) == 1000
    assert loudest_hz(samples[:, 1]) == 440
    assert np.array_equal(samples[:, 0], tone(1000, 2.0))
    assert sound.duration_ms == 2000
    half = len(sound.peaks) // 2
    assert half == 2 * PEAKS_PER_S
    assert set(sound.peaks[:half]) == {12_000 >> 7}
    assert all(3000 >> 7 >= peak >= 2900 >> 7 for peak in sound.peaks[half:])


@pytest.mark.parametrize("agent_s", [0.0, 0.3, 45.0])
def test_the_shorter_leg_is_filled_with_silence(tmp_path: Path, agent_s: float) -> None:
    customer = write_leg(tmp_path / "rx.wav", tone(1000, 20.5))
    agent = write_leg(tmp_path / "tx.wav", tone(440, agent_s))
    sound, samples = join(tmp_path, customer, agent)
    assert sound.duration_ms == max(20_500, agent_s * 1000)
    agent_end = int(agent_s * RATE)
    assert not samples[agent_end:, 1].any()
    assert not samples[int(20.5 * RATE) :, 0].any()
    assert np.array_equal(samples[:agent_end, 1], tone(440, agent_s))
    assert len(sound.peaks) == 2 * PEAKS_PER_S * sound.duration_ms // 1000


def test_a_missing_leg_is_silence(tmp_path: Path) -> None:
    agent = write_leg(tmp_path / "tx.wav", tone(440, 1.0))
    _, samples = join(tmp_path, None, agent)
    assert not samples[:, 0].any()
    assert loudest_hz(samples[:, 1]) == 440


def test_a_leg_the_switch_never_closed_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    """Asterisk writes the header with no length and completes it when it closes the file."""
    customer = write_leg(tmp_path / "rx.wav", tone(1000, 2.0))
    agent = write_leg(tmp_path / "tx.wav", tone(440, 2.0))
    with customer.open("r+b") as file:
        file.seek(4)
        file.write(bytes(4))
        file.seek(40)
        file.write(bytes(4))
    sound, samples = join(tmp_path, customer, agent)
    assert sound.duration_ms == 2000
    assert loudest_hz(samples[:, 0]) == 1000


def test_a_call_of_no_length_is_one_slice_of_silence(tmp_path: Path) -> None:
    empty = np.zeros(0, dtype=np.int16)
    legs = [write_leg(tmp_path / f"{leg}.wav", empty) for leg in ("rx", "tx")]
    sound, samples = join(tmp_path, legs[0], legs[1])
    assert (sound.duration_ms, sound.peaks) == (50, bytes(2))
    assert not samples.any()


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    good = write_leg(tmp_path / "tx.wav", tone(440, 1.0))
    bad = tmp_path / "rx.wav"
    for content in (b"", b"RIFF", b"RIFF\0\0\0\0WAVEdata", os.urandom(5000)):
        bad.write_bytes(content)
        with pytest.raises(BadSound, match="customer's leg is no sound"):
            join(tmp_path, bad, good)
    write_leg(bad, np.zeros((100, 2), dtype=np.int16))
    with pytest.raises(BadSound, match="customer's leg is no 16-bit PCM of one channel"):
        join(tmp_path, bad, good)
    write_leg(bad, tone(440, 1.0), rate=16_000)
    with pytest.raises(BadSound, match=r"\[8000, 16000\] samples a second"):
        join(tmp_path, bad, good)
    with pytest.raises(BadSound):
        join(tmp_path, None, None)


@given(st.lists(st.integers(-32768, 32767), max_size=60), st.integers(1, 20))
def test_peaks_are_the_loudest_of_each_slice(samples: list[int], slice_samples: int) -> None:
    expected = [
        min(max(abs(s) for s in samples[n : n + slice_samples]) // 128, 255)
        for n in range(0, len(samples), slice_samples)
    ]
    assert list(measure_peaks(np.array(samples, dtype=np.int16), slice_samples)) == expected
