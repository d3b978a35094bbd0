"""What the detector is told before a call and what it says during one. Times are ms of the call's own audio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

FRAME_MS = 20
FRAME_SAMPLES = 160
SAMPLE_RATE = 8000


class Label(StrEnum):
    """Who or what is at the far end."""

    HUMAN = "HUMAN"
    MACHINE = "MACHINE"
    SIT = "SIT"
    FAX = "FAX"
    TONE = "TONE"
    SILENCE = "SILENCE"
    #: An assistant that asks who calls and why; a person may be listening behind it.
    SCREENING = "SCREENING"


class Cause(StrEnum):
    """The layer that decided."""

    #: Rhythm and level of the speech: the shipped model.
    TIMING = "timing"
    #: The same, but the waiting time was over.
    DEADLINE = "deadline"
    BEEP = "beep"
    SIT = "sit"
    FAX = "fax"
    #: Busy, ringback, dial or congestion tone.
    CADENCE = "cadence"
    #: A recording that was heard before, on other numbers.
    FINGERPRINT = "fingerprint"
    #: Nobody spoke.
    SILENCE = "silence"
    #: The audio ended before anything was certain.
    END = "end"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a campaign wants. `cost_ratio`: how many machines an agent may hear to save one person; >= 1."""

    cost_ratio: float = 20.0
    #: After the greeting's end an undecided call is decided (the law's two seconds run from the same moment).
    deadline_ms: int = 1000
    #: No voice for so long since the answer is SILENCE.
    silence_ms: int = 5000
    #: Before the answer: ringback, music and speech mean nothing yet, special information tones alone decide.
    early: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.cost_ratio <= 1000:
            raise ValueError(f"cost_ratio is {self.cost_ratio}; it must lie between 1 and 1000")
        if not 500 <= self.deadline_ms <= 1800:
            raise ValueError(f"deadline_ms is {self.deadline_ms}; it must lie between 500 and 1800")
        if not 1000 <= self.silence_ms <= 30000:
            raise ValueError(f"silence_ms is {self.silence_ms}; it must lie between 1000 and 30000")


@dataclass(frozen=True, slots=True)
class Prior:
    """What signalling knows at the answer. It moves the odds a little and can never say MACHINE alone."""

    #: From the first ringing to the answer; None when unknown.
    ring_s: float | None = None
    #: Earlier answers of this number, by what they were.
    machines_before: int = 0
    humans_before: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who answered, once per call. `at_ms` is when it was decided; `greeting_end_ms` is when the first speaker stopped
    (None while he still talks, or when nobody spoke); `posterior` is P(human)."""

    call_id: str
    at_ms: int
    label: Label
    cause: Cause
    greeting_end_ms: int | None
    posterior: float
    features: Mapping[str, float] = field(default_factory=dict)
    #: The known recording, when `cause` is FINGERPRINT.
    prompt_id: str | None = None

    @property
    def decided_at_ms(self) -> int:
        """The same as `at_ms`."""
        return self.at_ms


@dataclass(frozen=True, slots=True)
class BeepHeard:
    """A voicemail's beep has begun: `start_ms` is its estimated start, `at_ms` when that was certain."""

    call_id: str
    at_ms: int
    start_ms: int
    hz: float


@dataclass(frozen=True, slots=True)
class BeepEnded:
    """That beep is over since `end_ms`: the moment to speak."""

    call_id: str
    at_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class PromptHeard:
    """A recording known from other numbers plays."""

    call_id: str
    at_ms: int
    prompt_id: str
    label: Label


@dataclass(frozen=True, slots=True)
class GreetingEnded:
    """The first speaker has stopped since `end_ms`. Sent again when he goes on and stops anew before the verdict."""

    call_id: str
    at_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """After a HUMAN verdict a beep or a known recording showed a machine after all."""

    call_id: str
    at_ms: int
    label: Label
    cause: Cause


Finding = Verdict | BeepHeard | BeepEnded | PromptHeard | GreetingEnded | Corrected


@dataclass(frozen=True, slots=True)
class Trace:
    """What is kept of a call, without any audio: the features at the verdict (or at the end), the marks, and the
    prints of its first seconds, from which a recording can be enrolled (`FingerprintBook.enrol`)."""

    call_id: str
    heard_ms: int
    features: Mapping[str, float]
    findings: tuple[Finding, ...]
    prints: tuple[int, ...] = ()

    @property
    def recognised(self) -> bool:
        """A recording that was known before played in it."""
        return any(isinstance(finding, PromptHeard) for finding in self.findings)
