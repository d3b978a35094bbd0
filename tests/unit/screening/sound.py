"""Sounds for the detector's tests, made by arithmetic: no file, no voice."""

import numpy as np
from numpy.typing import NDArray

RATE = 8000
Sound = NDArray[np.int16]


def silence(seconds: float) -> Sound:
    return np.zeros(int(seconds * RATE), np.int16)


def tone(seconds: float, *hz: float, level: float = 0.2) -> Sound:
    t = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(sum(np.sin(2 * np.pi * f * t) for f in hz) * level * 32767 / len(hz), np.int16)


def speech(seconds: float, seed: int = 1, level: float = 0.15) -> Sound:
    """Buzz at a gliding pitch through moving formants, four syllables a second: voice activity, no words."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * t + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    syllable = np.clip(np.sin(2 * np.pi * 4 * t) + 0.5, 0.05, 1)
    formants = [(500, 250, 3.1), (1400, 500, 2.3), (2500, 300, 1.7)]
    wave = np.zeros(n)
    for k in range(2, 25):
        gain = sum(np.exp(-(((k * pitch - f - d * np.sin(w * t)) / 180) ** 2)) for f, d, w in formants)
        wave += gain * np.sin(k * phase + rng.uniform(0, 6))
    wave = wave * syllable + rng.normal(0, 0.02, n)
    return np.asarray(wave / np.abs(wave).max() * level * 32767, np.int16)


def join(*pieces: Sound, noise: float = 10, seed: int = 2) -> Sound:
    """One call from its pieces, with a line's noise (RMS, in samples' units)."""
    whole = np.concatenate(pieces).astype(float)
    return np.asarray(
        np.clip(whole + np.random.default_rng(seed).normal(0, noise, len(whole)), -32768, 32767), np.int16
    )
