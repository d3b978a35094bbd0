"""AMI messages into the engine's events. Keyed by our own channel ids: never by order, number or name.

| AMI event (Asterisk 22) | channel id is | event |
|---|---|---|
| Newstate 5 / 6 | an attempt | CallRang / CallAnswered |
| DialState PROGRESS | an attempt, dialled | EarlyMediaBegan |
| BridgeEnter, holding bridge | an attempt / a leg | CallParked / LegParked |
| BridgeEnter, two-party, both in | an attempt and a leg | CallBridged |
| UserEvent SafeHarbour, HoldExpired / CustomerHeld | its Attempt header | MessageBegan / CustomerHeld |
| UserEvent NoticePlayed | its Attempt header | NoticeEnded |
| UserEvent MessageLeft | its Attempt header | MessageLeft |
| Hangup | an attempt / a leg | CallHungUp / LegHungUp |
| OriginateResponse Failure, channel ordered, never seen | an attempt / a leg | OriginateFailed / LegHungUp |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dialer.asterisk.causes import classify, code
from dialer.asterisk.wire import Message
from dialer.domain.events import (
    AnyEvent,
    CallAnswered,
    CallBridged,
    CallHungUp,
    CallParked,
    CallRang,
    CustomerHeld,
    EarlyMediaBegan,
    LegHungUp,
    LegParked,
    LiveChannel,
    MessageBegan,
    MessageLeft,
    NoticeEnded,
    OriginateFailed,
)
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId, LegId, is_ulid

LEG_PREFIX = "leg-"
#: A switch whose clock is further from ours is not believed about the time; its events count as of now.
MAX_SKEW = timedelta(seconds=2)

_RINGING, _UP = "5", "6"


#: The switch's own ring time-out may be told so much earlier than its length, measured on our clock, s.
RING_MARGIN_S = 0.5


@dataclass(slots=True)
class _Channel:
    """What was seen of a living channel."""

    answered: bool = False
    #: The far end rang, or sent audio before the answer.
    alerted: bool = False


class Translator:
    """One link's translation. Remembers which channels live and who is in which two-party bridge."""

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {}
        #: Ordered on this link and not ended: when the switch itself will give it up.
        self._ordered: dict[str, datetime] = {}
        #: Who was ordered to be bridged with whom, both ways. The two are matched by this: when legs are bridged
        #: anew, Asterisk was seen to tell of two different bridges.
        self._partners: dict[str, str] = {}
        #: Channel -> the conversation (two-party bridge) it is in.
        self._talking: dict[str, str] = {}

    def expect(self, channel: AttemptId | LegId, ring_ends: datetime) -> None:
        """A channel was ordered, and rings at most until `ring_ends`."""
        self._ordered[channel] = ring_ends

    def forget(self) -> None:
        """The link was lost: what was seen before it counts no more."""
        self._channels.clear()
        self._ordered.clear()
        self._partners.clear()
        self._talking.clear()

    def expect_bridge(self, attempt_id: AttemptId, leg_id: LegId) -> None:
        """These two were ordered to be connected, and nobody else with either of them."""
        self._unpair(attempt_id)
        self._unpair(leg_id)
        self._partners[attempt_id], self._partners[leg_id] = leg_id, attempt_id

    def _unpair(self, channel: str) -> None:
        if (partner := self._partners.pop(channel, None)) is not None:
            self._partners.pop(partner, None)

    def translate(self, message: Message, now: datetime) -> AnyEvent | None:
        """The event behind a message, or None when it is nothing to the engine."""
        match message.name:
            case "Newchannel":
                self._channels[message.get("Uniqueid")] = _Channel()
            case "Newstate":
                return self._new_state(message, _at(message, now))
            case "DialState" if message.get("DialStatus") in ("RINGING", "PROGRESS"):
                if channel := self._channels.get(message.get("DestUniqueid")):
                    channel.alerted = True
                return _progressed(message, _at(message, now))
            case "BridgeEnter":
                return self._entered(message, _at(message, now))
            case "BridgeLeave":
                if self._talking.get(message.get("Uniqueid")) == message.get("BridgeUniqueid"):
                    del self._talking[message.get("Uniqueid")]
            case "UserEvent":
                return _user_event(message, _at(message, now))
            case "Hangup":
                return self._hung_up(message, _at(message, now))
            case "OriginateResponse":
                return self._originate_response(message, _at(message, now))
        return None

    def _entered(self, message: Message, at: datetime) -> AnyEvent | None:
        channel = message.get("Uniqueid")
        is_leg = channel.startswith(LEG_PREFIX)
        if not is_leg and not is_ulid(channel):
            return None
        if message.get("BridgeTechnology") == "holding_bridge":
            self._talking.pop(channel, None)
            if is_leg:
                return LegParked(at=at, leg_id=LegId(channel))
            return CallParked(at=at, attempt_id=AttemptId(channel))
        self._talking[channel] = message.get("BridgeUniqueid")
        partner = self._partners.get(channel)
        if partner not in self._talking:
            return None
        leg, attempt = (channel, partner) if is_leg else (partner, channel)
        return CallBridged(at=at, attempt_id=AttemptId(attempt), leg_id=LegId(leg))

    def _new_state(self, message: Message, at: datetime) -> AnyEvent | None:
        channel = message.get("Uniqueid")
        if not is_ulid(channel):
            return None
        seen = self._channels.setdefault(channel, _Channel())
        state = message.get("ChannelState")
        if state == _UP:
            seen.answered = True
            return CallAnswered(at=at, attempt_id=AttemptId(channel))
        if state == _RINGING:
            seen.alerted = True
            return CallRang(at=at, attempt_id=AttemptId(channel))
        return None

    def _hung_up(self, message: Message, at: datetime) -> AnyEvent | None:
        channel = message.get("Uniqueid")
        seen = self._channels.pop(channel, _Channel())
        self._talking.pop(channel, None)
        self._unpair(channel)
        ring_ends = self._ordered.pop(channel, None)
        if channel.startswith(LEG_PREFIX):
            return LegHungUp(at=at, leg_id=LegId(channel))
        if not is_ulid(channel):
            return None
        q850, sip = code(message.get("Cause")), code(message.get("TechCause"))
        network = classify(
            q850,
            sip,
            answered=seen.answered,
            alerted=seen.alerted,
            # Asterisk gives its own time-out cause 19 and status 480; anything else is the carrier's word.
            ring_timeout=ring_ends is not None
            and (q850, sip) == (19, 480)
            and ring_ends - at < timedelta(seconds=RING_MARGIN_S),
        )
        return CallHungUp(
            at=at,
            attempt_id=AttemptId(channel),
            q850=q850,
            sip_status=sip,
            # A carrier that failed never tried the callee, whatever it says of him: no lead is burnt by it.
            network_outcome=Outcome.CONGESTION if network.trunk_fault else network.outcome or Outcome.UNKNOWN,
            trunk_fault=network.trunk_fault or network.own_fault,
        )

    def _originate_response(self, message: Message, at: datetime) -> AnyEvent | None:
        channel = message.get("Uniqueid")
        if message.get("Response") != "Failure" or channel in self._channels:
            return None  # the Hangup of a channel that was made says more
        if self._ordered.pop(channel, None) is None:
            return None  # that Hangup came first, or it was ordered on a link before this: the listing tells
        if channel.startswith(LEG_PREFIX):
            return LegHungUp(at=at, leg_id=LegId(channel))
        if is_ulid(channel):
            why = f"the switch made no channel (reason {message.get('Reason', '?')})"
            return OriginateFailed(at=at, attempt_id=AttemptId(channel), why=why)
        return None


def _progressed(message: Message, at: datetime) -> AnyEvent | None:
    attempt = message.get("DestUniqueid")
    if message.get("DialStatus") != "PROGRESS" or not is_ulid(attempt):
        return None
    return EarlyMediaBegan(at=at, attempt_id=AttemptId(attempt))


def _user_event(message: Message, at: datetime) -> AnyEvent | None:
    attempt = message.get("Attempt")
    if not is_ulid(attempt):
        return None
    match message.get("UserEvent"):
        case "SafeHarbour" | "HoldExpired":
            return MessageBegan(at=at, attempt_id=AttemptId(attempt))
        case "CustomerHeld":
            return CustomerHeld(at=at, attempt_id=AttemptId(attempt))
        case "NoticePlayed":
            return NoticeEnded(at=at, attempt_id=AttemptId(attempt))
        case "MessageLeft":
            return MessageLeft(at=at, attempt_id=AttemptId(attempt))
    return None


def live_channels(items: Iterable[Message]) -> tuple[LiveChannel, ...]:
    """The channels of ours in a CoreShowChannels listing."""
    rows = [m for m in items if m.name == "CoreShowChannel"]
    ours = [m for m in rows if is_ulid(m.get("Uniqueid").removeprefix(LEG_PREFIX))]
    bridges: dict[str, list[str]] = {}
    for message in ours:
        if bridge := message.get("BridgeId"):
            bridges.setdefault(bridge, []).append(message.get("Uniqueid"))
    return tuple(_live(message, bridges) for message in ours)


def _live(message: Message, bridges: dict[str, list[str]]) -> LiveChannel:
    """Waiting rooms hold customers only or agents only; a customer with an agent is a conversation."""
    channel = message.get("Uniqueid")
    is_leg = channel.startswith(LEG_PREFIX)
    members = bridges.get(message.get("BridgeId"), [])
    partner = next((m for m in members if m.startswith(LEG_PREFIX) is not is_leg), None)
    return LiveChannel(
        id=channel,
        up=message.get("ChannelState") == _UP,
        parked=partner is None and bool(members),
        bridged_with=partner,
    )


def _at(message: Message, now: datetime) -> datetime:
    """When it happened, by the switch's own stamp (timestampevents) if its clock can be believed."""
    try:
        at = datetime.fromtimestamp(float(message.get("Timestamp")), UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return at if abs(now - at) <= MAX_SKEW else now
