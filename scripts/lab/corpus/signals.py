"""Tones of networks and machines, by arithmetic.

Cadences: ITU-T E.180 annex; special information tones: Telcordia SR-2275; fax: ITU-T T.30.
"""

import numpy as np

from lab.corpus.voices import RATE, Sound

#: (frequencies, (on, off, ...) in seconds): Mexico, Colombia and Spain share 425 Hz, the United States pairs.
BUSY = (
    ((425,), (0.25, 0.25)),
    ((425,), (0.2, 0.2)),
    ((425,), (0.32, 0.32)),
    ((480, 620), (0.5, 0.5)),
    ((480, 620), (0.25, 0.25)),
)
RINGBACK = (((425,), (1.0, 4.0)), ((425,), (1.5, 3.0)), ((440, 480), (2.0, 4.0)), ((440, 480), (1.0, 3.0)))
DIAL = (((425,), (10.0, 0.0)), ((350, 440), (10.0, 0.0)))
BEEPS_HZ = (440, 480, 620, 750, 850, 941, 1000, 1004, 1250, 1400)
SIT_SHORT_S, SIT_LONG_S = 0.274, 0.380


def silence(seconds: float) -> Sound:
    """Nothing, digitally."""
    return np.zeros(round(seconds * RATE), np.float32)


def tone(seconds: float, *hz: float, ramp_s: float = 0.004) -> Sound:
    """Sines of equal level with soft edges; RMS of one sine of amplitude 0.5 in all."""
    n = round(seconds * RATE)
    t = np.arange(n) / RATE
    wave = np.sum([np.sin(2 * np.pi * f * t) for f in hz], axis=0) * 0.5 / np.sqrt(len(hz))
    ramp = np.minimum(np.arange(n), np.arange(n)[::-1]) / (ramp_s * RATE)
    return np.asarray(wave * np.clip(ramp, 0, 1), np.float32)


def cadence(hz: tuple[float, ...], on_off_s: tuple[float, float], seconds: float) -> Sound:
    """A tone that comes and goes."""
    period = np.concatenate([tone(on_off_s[0], *hz), silence(on_off_s[1])])
    return np.tile(period, int(seconds * RATE // len(period)) + 1)[: round(seconds * RATE)]


def special_information(rng: np.random.Generator) -> Sound:
    """The three rising tones; their lengths and the two variants of the first two tell the reason."""
    hz = (rng.choice([913.8, 985.2]), rng.choice([1370.6, 1428.5]), 1776.7)
    parts: list[Sound] = []
    for frequency in hz:
        seconds = rng.choice([SIT_SHORT_S, SIT_LONG_S]) + rng.uniform(-0.01, 0.01)
        parts += [
            tone(seconds, frequency * rng.uniform(0.996, 1.004)),
            silence(rng.choice([0.0, 0.015, 0.03])),
        ]
    return np.concatenate(parts)


def called_fax(rng: np.random.Generator) -> Sound:
    """CED, 2100 Hz, in half of the cases with the phase reversals of a modem (ITU-T V.8)."""
    wave = tone(rng.uniform(2.6, 4.0), rng.uniform(2090, 2110))
    if rng.random() < 0.5:
        flips = (np.arange(len(wave)) // round(0.45 * RATE)) % 2
        wave = (wave * (1 - 2 * flips)).astype(np.float32)
    return wave


def calling_fax(seconds: float) -> Sound:
    """CNG, 1100 Hz, half a second every three and a half."""
    return cadence((1100,), (0.5, 3.0), seconds)


def beep(rng: np.random.Generator) -> Sound:
    """A voicemail's beep: 80 ms to 1.5 s, mostly 150 to 600 ms, 440 to 2000 Hz."""
    seconds = rng.uniform(0.08, 1.5) if rng.random() < 0.3 else rng.uniform(0.15, 0.6)
    hz = (
        rng.choice([440, 480, 620, 750, 850, 941, 1000, 1004, 1250, 1400])
        if rng.random() < 0.6
        else rng.uniform(440, 2000)
    )
    return tone(seconds, float(hz), ramp_s=rng.uniform(0.001, 0.008))
