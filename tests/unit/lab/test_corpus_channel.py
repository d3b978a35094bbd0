"""The corpus's codecs and tones against independent ones."""

import io

import numpy as np
import pytest
import soundfile

from lab.corpus import channel, signals
from lab.corpus.calls import CONSUMER, HARD, Class


@pytest.mark.parametrize(("codec", "subtype"), [("a-law", "ALAW"), ("mu-law", "ULAW")])
def test_g711_is_that_of_libsndfile(codec: str, subtype: str) -> None:
    samples = np.concatenate([np.arange(-32768, 32768, 7), [0, 1, -1, 8, -8, 32767]]).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, format="WAV", subtype=subtype)
    file.seek(0)
    theirs, _ = soundfile.read(file, dtype="int16")
    ours = channel.CODECS[codec](samples)
    # Encoders round differently at a step's edge: never by more than one step.
    step = np.maximum(np.abs(samples.astype(int)) / 16, 16)
    assert (np.abs(ours.astype(int) - theirs.astype(int)) <= step).all()
    assert (ours == theirs).mean() > 0.9


def test_special_information_tones_rise_and_last_as_they_should() -> None:
    sound = signals.special_information(np.random.default_rng(1))
    assert 0.8 < len(sound) / 8000 < 1.3
    peaks = [
        np.abs(np.fft.rfft(sound[at : at + 1024])).argmax() * 8000 / 1024 for at in (500, len(sound) - 2000)
    ]
    assert peaks[0] == pytest.approx(950, abs=60)
    assert peaks[1] == pytest.approx(1777, abs=20)


def test_both_mixes_hold_every_class() -> None:
    assert set(HARD) == set(CONSUMER) == set(Class)
