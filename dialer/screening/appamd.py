"""Asterisk's app_amd, by its documented algorithm: the measure that every report shows beside ours.

After the comments of `configs/samples/amd.conf.sample` and the page "AMD" of docs.asterisk.org, Asterisk 22. It counts:
a 20 ms frame is silence when its mean absolute sample is below a threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dialer.screening.findings import FRAME_MS, FRAME_SAMPLES


class AmdStatus(StrEnum):
    """AMDSTATUS."""

    HUMAN = "HUMAN"
    MACHINE = "MACHINE"
    NOTSURE = "NOTSURE"


@dataclass(frozen=True, slots=True)
class AmdSettings:
    """amd.conf; milliseconds, words, mean absolute sample. The values are those of Asterisk 22's sample file."""

    total_analysis_time: int = 5000
    initial_silence: int = 2500
    greeting: int = 1500
    after_greeting_silence: int = 800
    min_word_length: int = 100
    between_words_silence: int = 50
    maximum_number_of_words: int = 2
    maximum_word_length: int = 5000
    silence_threshold: int = 256


DEFAULT = AmdSettings()
#: What tuning guides converge on: longer greetings, more words, a shorter silence after them.
TUNED = AmdSettings(
    initial_silence=4500,
    greeting=3000,
    after_greeting_silence=600,
    maximum_number_of_words=6,
    silence_threshold=384,
)


def run_amd(samples: NDArray[np.int16], settings: AmdSettings = DEFAULT) -> tuple[AmdStatus, int]:
    """(AMDSTATUS, milliseconds after the answer) of a call."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    loudness = np.abs(frames.astype(np.int32)).mean(1)
    initial, in_greeting, in_word = True, False, True
    words = voice = run = silence = 0
    for n, level in enumerate(loudness.tolist()):
        at_ms = (n + 1) * FRAME_MS
        if at_ms >= settings.total_analysis_time:
            return AmdStatus.NOTSURE, at_ms
        if level < settings.silence_threshold:
            silence += FRAME_MS
            if silence >= settings.between_words_silence:
                in_word, run = False, 0
            if initial and silence >= settings.initial_silence:
                return AmdStatus.MACHINE, at_ms
            if in_greeting and silence >= settings.after_greeting_silence:
                return AmdStatus.HUMAN, at_ms
            continue
        silence = 0
        run += FRAME_MS
        voice += FRAME_MS
        if run >= settings.min_word_length and not in_word:
            words, in_word = words + 1, True
        if (
            run >= settings.maximum_word_length
            or words > settings.maximum_number_of_words
            or (in_greeting and voice >= settings.greeting)
        ):
            return AmdStatus.MACHINE, at_ms
        if run >= settings.min_word_length and not in_greeting:
            initial, in_greeting = False, True
    return AmdStatus.NOTSURE, len(loudness) * FRAME_MS
