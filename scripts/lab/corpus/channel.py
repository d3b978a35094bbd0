"""What lies between a mouth and our ear: rooms, noises, levels, codecs, lost frames."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

from lab.corpus.voices import RATE, Sound

FRAME = 160


def rms_db(sound: Sound) -> float:
    """Level of the parts that are not silence, dB below full scale."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    power = (frames**2).mean(1) if len(frames) else np.array([float((sound**2).mean())])
    loud = power[power > power.max() / 1000]
    return float(10 * np.log10(loud.mean() + 1e-12))


def at_level(sound: Sound, db: float) -> Sound:
    """The same at this level."""
    return sound * np.float32(10 ** ((db - rms_db(sound)) / 20))


def in_room(sound: Sound, rng: np.random.Generator) -> Sound:
    """With the echo of a small room: reverberation time 0.1 to 0.5 s."""
    seconds = rng.uniform(0.1, 0.5)
    t = np.arange(int(seconds * RATE)) / RATE
    tail = rng.normal(0, 1, len(t)) * 10 ** (-3 * t / seconds) * rng.uniform(0.02, 0.12)
    tail[0] = 1
    return np.asarray(fftconvolve(sound, tail), np.float32)


def through_handset(sound: Sound, rng: np.random.Generator) -> Sound:
    """Tilted by up to 6 dB and without what lies below about 250 Hz."""
    tilt = rng.uniform(-0.35, 0.35)
    shaped = lfilter([1, tilt], [1], sound)
    pole = np.exp(-2 * np.pi * rng.uniform(120, 280) / RATE)
    return np.asarray(lfilter([1, -1], [1, -pole], shaped), np.float32)


def noise(kind: str, n: int, rng: np.random.Generator) -> Sound:
    """n samples of white, pink, hum or street noise, about 0 dB."""
    white = rng.normal(0, 1, n)
    match kind:
        case "white":
            made = white
        case "pink":
            spectrum = np.fft.rfft(white)
            made = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20)), n)
        case "hum":
            mains = rng.choice([50, 60])
            t = np.arange(n) / RATE
            made = sum(
                np.sin(2 * np.pi * mains * k * t + rng.uniform(0, 6)) / k for k in (1, 2, 3, 5, 7, 9, 11)
            )
            made = made + 0.05 * white
        case _:
            # Street: deep noise that swells as cars pass.
            swell = np.interp(np.arange(n), np.linspace(0, n, 12), rng.uniform(0.3, 1.5, 12))
            made = lfilter([1], [1, -0.93], white) * swell
    return np.asarray(made / (np.std(made) + 1e-9), np.float32)


def a_law(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Through ITU-T G.711 A-law and back."""
    x = samples.astype(np.int32)
    sign = np.where(x < 0, -1, 1)
    magnitude = np.minimum(np.abs(x), 32767) >> 3
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 1)
    step = exponent
    level = np.where(
        magnitude < 32, (magnitude >> 1 << 1) + 1, ((magnitude >> step) << step) + (1 << (step - 1))
    )
    return np.asarray(np.clip(sign * (level << 3), -32768, 32767), np.int16)


def mu_law(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Through ITU-T G.711 mu-law and back."""
    x = samples.astype(np.int32)
    sign = np.where(x < 0, -1, 1)
    magnitude = np.minimum(np.abs(x), 32635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    level = ((mantissa << 3) + 132 << exponent) - 132
    return np.asarray(np.clip(sign * level, -32768, 32767), np.int16)


def gsm(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Through GSM 06.10 full rate and back."""
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="WAV", subtype="GSM610")
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="int16")
    out = np.zeros_like(samples)
    out[: min(len(decoded), len(out))] = decoded[: len(out)]
    return out


CODECS = {"linear": lambda samples: samples, "a-law": a_law, "mu-law": mu_law, "gsm": gsm}


def lose_frames(samples: NDArray[np.int16], share: float, rng: np.random.Generator) -> NDArray[np.int16]:
    """20 ms frames lost at random, replaced by silence or by the frame before, as receivers do."""
    out = samples.copy()
    repeat = rng.random() < 0.5
    for n in np.flatnonzero(rng.random(len(samples) // FRAME) < share):
        at = n * FRAME
        out[at : at + FRAME] = out[at - FRAME : at] if repeat and n else 0
    return out
