"""What the engine orders of the world. An order that fails comes back as an event, never as an exception."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.screening import SpokenText
from dialer.domain.values import Attempt, AttemptId, LegId, PhoneNumber


@dataclass(frozen=True, slots=True)
class Originate:
    """Dial. Only ever ordered for an attempt that is committed.

    `screener`: where the answered call's sound goes (host:port), None: nobody listens. `listen_s`: how long the
    dialplan lets it go there, should nobody order anything more.
    """

    attempt: Attempt
    screener: str | None = None
    listen_s: int = 0


@dataclass(frozen=True, slots=True)
class ConnectLeg:
    """Call the agent's phone and keep the leg up."""

    leg_id: LegId
    sip_user: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """Connect the waiting customer with the agent; `listened`: he stands in the listening step, with its time limit."""

    attempt_id: AttemptId
    leg_id: LegId
    listened: bool = False


@dataclass(frozen=True, slots=True)
class HangUpCall:
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    leg_id: LegId


@dataclass(frozen=True, slots=True)
class PlayNotice:
    """Tell both that the call is recorded; ends with NoticeEnded."""

    attempt_id: AttemptId
    language: str


@dataclass(frozen=True, slots=True)
class StartRecording:
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class TapCall:
    """Let the screener (host:port) hear the far end beside whatever the call is doing, for `seconds` at most. `early`:
    before the answer, and until then."""

    attempt_id: AttemptId
    screener: str
    seconds: int
    early: bool = False


@dataclass(frozen=True, slots=True)
class PlayMessage:
    """Take the customer out of wherever he waits: the safe-harbour message, then the end."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class SpeakFile:
    """Play a file of the switch's message folder to the far end; `again`: then let the screener hear on, else end."""

    attempt_id: AttemptId
    file: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class PrepareMessage:
    """Should no agent attend this person, he hears this file of the message folder, whatever becomes of us."""

    attempt_id: AttemptId
    file: str


@dataclass(frozen=True, slots=True)
class ExtendListening:
    """The dialplan's own limit for listening begins anew, with `seconds`."""

    attempt_id: AttemptId
    seconds: int


@dataclass(frozen=True, slots=True)
class ClaimLeads:
    campaign_id: int
    count: int
    closed_zones: tuple[str, ...] = ()  # IANA names: nobody there may be called now


@dataclass(frozen=True, slots=True)
class ClaimPhone:
    """Find and claim the lead of a number that an agent typed."""

    intent_id: int
    agent_id: int
    number: str
    campaign_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PrepareScreener:
    """A campaign here wants its calls listened to: run the screener from now on."""


@dataclass(frozen=True, slots=True)
class ListenTo:
    """The call is answered: hear who it is. `machines_before`, `humans_before`: earlier answers of the number.
    `early`: it is not answered yet; only a tone that says there will be no answer is wanted. `number`: whose greeting
    may be known from an earlier call."""

    attempt_id: AttemptId
    cost_ratio: float
    ring_s: float | None = None
    machines_before: int = 0
    humans_before: int = 0
    early: bool = False
    number: PhoneNumber | None = None


@dataclass(frozen=True, slots=True)
class StopListening:
    """The call is over, or nobody needs to know any more; `early`: of what is heard before the answer."""

    attempt_id: AttemptId
    early: bool = False


@dataclass(frozen=True, slots=True)
class LearnPrompt:
    """This call was a machine: remember the recording that answered on `number`. `sure`: an agent says so, not the
    detector alone."""

    attempt_id: AttemptId
    number: PhoneNumber
    sure: bool = True


@dataclass(frozen=True, slots=True)
class RenderText:
    """Have a text for this call spoken into a file; comes back as TextRendered."""

    attempt_id: AttemptId
    campaign_id: int
    lead_id: int
    kind: SpokenText
    language: str


@dataclass(frozen=True, slots=True)
class StopRecording:
    """Record no more of this call; what there is of it is kept."""

    attempt_id: AttemptId


SwitchCommand = (
    Originate
    | ConnectLeg
    | Bridge
    | HangUpCall
    | HangUpLeg
    | PlayNotice
    | StartRecording
    | TapCall
    | PlayMessage
    | SpeakFile
    | StopRecording
    | PrepareMessage
    | ExtendListening
)
StoreCommand = ClaimLeads | ClaimPhone
ScreenerCommand = PrepareScreener | ListenTo | StopListening | LearnPrompt
Command = SwitchCommand | StoreCommand | ScreenerCommand | RenderText
