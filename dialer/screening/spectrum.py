"""Per 20 ms frame of every call: level, the strongest peaks, tone shares and the bands of the fingerprints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.screening.columns import Floats
from dialer.screening.findings import SAMPLE_RATE

#: 32 ms: long enough to part a tone from noise, short enough for an 80 ms beep.
WINDOW = 256
HZ = SAMPLE_RATE / WINDOW
#: What a telephone passes.
LOW, HIGH = int(250 / HZ), int(3400 / HZ) + 1
#: Above this no call-progress tone lies: special information tones are found even under a ringback.
UPPER = int(800 / HZ) - LOW
#: Call-progress tones of all countries lie between 330 and 640 Hz.
PROGRESS = slice(int(300 / HZ) - LOW, int(680 / HZ) + 1 - LOW)
BANDS = 17

_HANN = np.hanning(WINDOW).astype(np.float32)
_BINS = np.arange(LOW, HIGH, dtype=np.float32)


def _band_weights() -> Floats:
    """(bins, BANDS): log-spaced overlapping triangles between 300 and 2600 Hz."""
    edges = np.geomspace(300, 2600, BANDS + 2)
    hz = _BINS * HZ
    rising = (hz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz[:, None]) / (edges[2:] - edges[1:-1])
    weights = np.clip(np.minimum(rising, falling), 0, None)
    # A narrow low band may fall between two bins: it then takes its nearest bin whole.
    for band in np.flatnonzero(weights.sum(0) < 0.5):
        weights[np.abs(hz - edges[band + 1]).argmin(), band] = 1
    return weights.astype(np.float32)


_BAND_WEIGHTS = _band_weights()


@dataclass(frozen=True, slots=True)
class Spectra:
    """One newest frame of n calls; each array is (n,), `bands` is (n, BANDS)."""

    #: Level, about dB below a full-scale sine.
    db: Floats
    #: Strongest peak, interpolated, and its share of the energy (5 bins).
    hz: Floats
    share: Floats
    #: Share of the second peak, and its frequency.
    share2: Floats
    hz2: Floats
    #: The same above 800 Hz alone; `upper_db` is that region's level.
    upper_hz: Floats
    upper_share: Floats
    upper_db: Floats
    #: Energy share and centroid (Hz) of the region of call-progress tones.
    progress_share: Floats
    progress_hz: Floats
    #: 0 = a pure tone, 1 = white noise.
    flatness: Floats
    centroid: Floats
    low_share: Floats
    #: Log energies for the fingerprints.
    bands: Floats


def analyse(windows: Floats) -> Spectra:
    """Spectra of the newest WINDOW samples of n calls; `windows` is (n, WINDOW), full scale = 1."""
    n = len(windows)
    rows = np.arange(n)
    spectrum = np.fft.rfft(windows * _HANN, axis=1)[:, LOW:HIGH]
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) + np.float32(1e-9)
    width = power.shape[1]
    log_power = np.log(power)
    energy = power.sum(1)

    peak = power.argmax(1)
    share = _around(power, rows, peak) / energy
    rest = power.copy()
    for step in range(-2, 3):
        rest[rows, np.clip(peak + step, 0, width - 1)] = 0
    second = rest.argmax(1)
    share2 = (rest[rows, second] * 2) / energy

    upper = power[:, UPPER:].argmax(1) + UPPER
    upper_energy = power[:, UPPER:].sum(1)
    progress = power[:, PROGRESS]
    progress_energy = progress.sum(1)
    scale = WINDOW * WINDOW / 8
    return Spectra(
        db=(10 * np.log10(energy / scale + 1e-9)).astype(np.float32),
        hz=_interpolated(log_power, rows, peak),
        share=share,
        share2=share2,
        hz2=((second + LOW) * np.float32(HZ)).astype(np.float32),
        upper_hz=_interpolated(log_power, rows, upper),
        upper_share=_around(power, rows, upper) / upper_energy,
        upper_db=(10 * np.log10(upper_energy / scale + 1e-9)).astype(np.float32),
        progress_share=progress_energy / energy,
        progress_hz=(progress @ (_BINS[PROGRESS] * np.float32(HZ))) / progress_energy,
        flatness=np.exp(log_power.mean(1)) * width / energy,
        centroid=(power @ (_BINS * np.float32(HZ))) / energy,
        low_share=power[:, : int(1000 / HZ) - LOW].sum(1) / energy,
        bands=np.log(power @ _BAND_WEIGHTS + np.float32(1e-6)),
    )


def _around(power: Floats, rows: NDArray[np.intp], peak: NDArray[np.intp]) -> Floats:
    """Energy within two bins of a peak."""
    bins = peak[:, None] + np.arange(-2, 3)
    inside = (bins >= 0) & (bins < power.shape[1])
    energy: Floats = (power[rows[:, None], np.clip(bins, 0, power.shape[1] - 1)] * inside).sum(1)
    return energy


def _interpolated(log_power: Floats, rows: NDArray[np.intp], peak: NDArray[np.intp]) -> Floats:
    """Peak frequency in Hz by a parabola through the three log powers: good to a few Hz."""
    middle = np.clip(peak, 1, log_power.shape[1] - 2)
    a, b, c = (log_power[rows, middle + step] for step in (-1, 0, 1))
    bend = a - 2 * b + c
    shift = np.clip(0.5 * (a - c) / np.where(np.abs(bend) < 1e-6, 1e-6, bend), -0.6, 0.6)
    hz: Floats = ((middle + shift + LOW) * HZ).astype(np.float32)
    return hz
