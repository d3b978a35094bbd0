"""Who answered: what a campaign wants to know, what the screener said, and what follows from it. Pure tables.

Whatever is not known is a person: a machine heard by an agent costs ten seconds, a person taken for one a contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dialer.domain.outcomes import Outcome


class Screening(StrEnum):
    """Whether a campaign's answered calls are listened to. SHADOW: a verdict is stored, everybody goes to an agent."""

    OFF = "off"
    ON = "on"
    SHADOW = "shadow"


class OnMachine(StrEnum):
    """What a campaign does with an answering machine."""

    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"
    CONNECT = "connect"


class ConnectClock(StrEnum):
    """What the law counts the wait for an agent from: the answer, or the end of the person's completed greeting
    (16 CFR 310.4(b)(4)(ii))."""

    ANSWER = "answer"
    GREETING_END = "greeting_end"


class SpokenText(StrEnum):
    """What a call may say by itself: a message after the beep, who calls and why to an assistant that asks, and who
    called and where to call back to a person whom no agent attends."""

    MESSAGE = "message"
    ANNOUNCEMENT = "announcement"
    ABANDONED = "abandoned"


class Label(StrEnum):
    """Who or what is at the far end, in the detector's words."""

    HUMAN = "HUMAN"
    MACHINE = "MACHINE"
    SIT = "SIT"
    FAX = "FAX"
    TONE = "TONE"
    SILENCE = "SILENCE"
    #: An assistant that asks who calls and why; a person may be listening behind it.
    SCREENING = "SCREENING"


class Unheard(StrEnum):
    """Why a call that should have been listened to has no verdict of the detector; such a call goes to an agent."""

    #: No screener ran when the call was placed or answered, or it died during it.
    DOWN = "screener_down"
    #: The sound never reached it, or stopped reaching it.
    NO_AUDIO = "no_audio"
    #: It did not decide in time.
    LATE = "late"
    #: What it said cannot be true.
    ABSURD = "absurd"
    #: More calls at once than it can hear.
    FULL = "screener_full"


@dataclass(frozen=True, slots=True)
class ScreeningSettings:
    """A campaign's dials."""

    mode: Screening = Screening.OFF
    #: How many machines an agent may hear to save one person.
    cost_ratio: float = 20.0
    on_machine: OnMachine = OnMachine.HANG_UP
    #: Share of the machine verdicts that go to an agent all the same, unmarked: what measures the error.
    control_share: float = 0.015
    clock: ConnectClock = ConnectClock.GREETING_END
    #: A beep or a known recording heard while an agent talks ends the call and frees him.
    late_correction: bool = True


#: The disposition by which an agent says that he heard a machine (store/campaigns.DEFAULT_DISPOSITIONS).
MACHINE_DISPOSITION = "voicemail"

#: What is known of the machine verdicts before any was tried on an agent, as if so many had been and so many of them
#: been people: of the held-back calls about 2 in 1000 were (docs/benchmarks/screening.md). Held no more firmly than 30
#: trials are: a detector that errs more with a campaign's own calls shows it within its first ones.
PRIOR_TRIALS, PRIOR_PERSONS = 30.0, 0.06


def person_share(persons: int, trials: int) -> float:
    """The share of machine verdicts behind which was a person, with `persons` among `trials` put through to agents.

    The mean of the beta distribution that the prior has become: one person among few does not stand for all others.
    """
    return (PRIOR_PERSONS + persons) / (PRIOR_TRIALS + trials)


#: What the number is worth when this answered and nobody was connected.
OUTCOMES: dict[Label, Outcome] = {
    Label.MACHINE: Outcome.MACHINE,
    Label.SIT: Outcome.INVALID_NUMBER,
    Label.FAX: Outcome.FAX,
    # Busy, ringback or dial tone after the answer: the exchange answered, nobody else did.
    Label.TONE: Outcome.NO_ANSWER,
    Label.SILENCE: Outcome.NO_ANSWER,
}
