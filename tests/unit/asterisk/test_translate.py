"""What Asterisk said, as the engine hears it: recorded sessions (tests/data/ami), then disorder and nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dialer.asterisk.translate import MAX_SKEW, Translator, live_channels
from dialer.asterisk.wire import Message, Parser
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
    NoticeEnded,
    OriginateFailed,
)
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId, LegId

TRANSCRIPTS = Path(__file__).parents[2] / "data" / "ami"
ATTEMPT = AttemptId("01KAMZ0ATTEMPT000000000000")
LEG, NEXT_LEG = LegId("leg-01KAMZ0AGENT00000000000000"), LegId("leg-01KAMZ0AGENT00000000000001")
#: Times are checked by themselves: in what is expected each event has this one.
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
RING_S = 20.0

RANG = CallRang(at=AT, attempt_id=ATTEMPT)
PROGRESSED = EarlyMediaBegan(at=AT, attempt_id=ATTEMPT)
ANSWERED = CallAnswered(at=AT, attempt_id=ATTEMPT)
PARKED = CallParked(at=AT, attempt_id=ATTEMPT)
LEG_PARKED, NEXT_LEG_PARKED = LegParked(at=AT, leg_id=LEG), LegParked(at=AT, leg_id=NEXT_LEG)
LEG_HUNG_UP, NEXT_LEG_HUNG_UP = LegHungUp(at=AT, leg_id=LEG), LegHungUp(at=AT, leg_id=NEXT_LEG)
BRIDGED = CallBridged(at=AT, attempt_id=ATTEMPT, leg_id=LEG)
BRIDGED_ANEW = CallBridged(at=AT, attempt_id=ATTEMPT, leg_id=NEXT_LEG)
HELD = CustomerHeld(at=AT, attempt_id=ATTEMPT)
MESSAGE_BEGAN = MessageBegan(at=AT, attempt_id=ATTEMPT)
NOTICE_ENDED = NoticeEnded(at=AT, attempt_id=ATTEMPT)
NOT_MADE = OriginateFailed(at=AT, attempt_id=ATTEMPT, why="the switch made no channel (reason 0)")


def hung_up(
    q850: int | None, sip: int | None, network: Outcome = Outcome.UNKNOWN, *, trunk_fault: bool = False
) -> CallHungUp:
    return CallHungUp(
        at=AT,
        attempt_id=ATTEMPT,
        q850=q850,
        sip_status=sip,
        network_outcome=network,
        trunk_fault=trunk_fault,
    )


#: Of an answered call the network says nothing more.
CLEARED = hung_up(16, None)

SESSIONS: dict[str, list[AnyEvent]] = {
    "abandoned": [RANG, ANSWERED, PARKED, MESSAGE_BEGAN, CLEARED],
    "customer_hung_up_waiting": [RANG, ANSWERED, PARKED, CLEARED],
    "connected": [LEG_PARKED, ANSWERED, PARKED, BRIDGED, NOTICE_ENDED, LEG_PARKED, CLEARED, LEG_HUNG_UP],
    "agent_lost": [
        LEG_PARKED,
        NEXT_LEG_PARKED,
        ANSWERED,
        PARKED,
        BRIDGED,
        HELD,
        LEG_HUNG_UP,
        BRIDGED_ANEW,
        NEXT_LEG_PARKED,
        CLEARED,
        NEXT_LEG_HUNG_UP,
    ],
    "no_answer": [RANG, hung_up(19, 480, Outcome.NO_ANSWER)],
    "busy": [hung_up(17, 486, Outcome.BUSY)],
    "invalid": [hung_up(1, 404, Outcome.INVALID_NUMBER)],
    "intercept": [PROGRESSED, hung_up(1, 404, Outcome.INVALID_NUMBER)],
    "declined": [hung_up(21, 603, Outcome.REJECTED)],
    "unwanted": [hung_up(127, 607, Outcome.REJECTED)],
    "unavailable": [hung_up(19, 480, Outcome.NO_ANSWER)],
    "congestion": [hung_up(34, 503, Outcome.CONGESTION, trunk_fault=True)],
    "duplicate_id": [ANSWERED, PARKED, CLEARED],
    "unknown_trunk": [NOT_MADE],
    "gone": [],
    "channel_list": [
        LEG_PARKED,
        NEXT_LEG_PARKED,
        ANSWERED,
        PARKED,
        BRIDGED,
        LEG_PARKED,
        CLEARED,
        LEG_HUNG_UP,
        NEXT_LEG_HUNG_UP,
    ],
    "forbidden": [],
}


def transcript(case: str) -> list[Message]:
    return Parser().feed((TRANSCRIPTS / f"{case}.txt").read_bytes())


def stamp(message: Message) -> datetime:
    return datetime.fromtimestamp(float(message.get("Timestamp", "0")), UTC)


class Session:
    """A translator and an engine that orders what it would at each event."""

    def __init__(self, *, ring_s: float = RING_S) -> None:
        self.translator = Translator()
        self._ring_s = ring_s
        self._legs = [LEG, NEXT_LEG]

    def dial(self, at: datetime) -> None:
        for channel in (ATTEMPT, LEG, NEXT_LEG):
            self.translator.expect(channel, at + timedelta(seconds=self._ring_s))

    def hear(self, messages: Sequence[Message]) -> list[AnyEvent]:
        """The events, whose times are checked and then made AT."""
        events = []
        for message in messages:
            event = self.translator.translate(message, stamp(message))
            if event is not None:
                assert event.at == stamp(message)
                events.append(replace(event, at=AT))
            if isinstance(event, CallParked | CustomerHeld) and self._legs:
                self.translator.expect_bridge(ATTEMPT, self._legs.pop(0))
        return events


def replay(case: str, **settings: float) -> list[AnyEvent]:
    messages = transcript(case)
    session = Session(**settings)
    session.dial(next((stamp(m) for m in messages if m.get("Timestamp")), AT))
    return session.hear(messages)


def event(name: str, *lines: tuple[str, str], at: datetime = AT) -> Message:
    pairs = [("Event", name), ("Timestamp", f"{at.timestamp():.6f}"), *lines]
    return Message("\r\n".join(f"{key}: {value}" for key, value in pairs).encode())


def made(channel: str = ATTEMPT) -> Message:
    return event("Newchannel", ("ChannelState", "0"), ("Uniqueid", channel))


def state(number: int, channel: str = ATTEMPT) -> Message:
    return event("Newstate", ("ChannelState", str(number)), ("Uniqueid", channel))


def dial_state(status: str) -> Message:
    return event("DialState", ("DestUniqueid", ATTEMPT), ("DialStatus", status))


def failure(channel: str = ATTEMPT, reason: int = 0) -> Message:
    lines = ("Response", "Failure"), ("Reason", str(reason)), ("Uniqueid", channel)
    return event("OriginateResponse", *lines)


def hangup(q850: int, sip: int | None = None, channel: str = ATTEMPT, *, after_s: float = 0.0) -> Message:
    lines = [("Uniqueid", channel), ("Cause", str(q850))]
    if sip is not None:
        lines.append(("TechCause", str(sip)))
    return event("Hangup", *lines, at=AT + timedelta(seconds=after_s))


def entered(channel: str, *, bridge: str = "talk", room: bool = False) -> Message:
    technology = "holding_bridge" if room else "simple_bridge"
    lines = ("BridgeUniqueid", bridge), ("BridgeTechnology", technology), ("Uniqueid", channel)
    return event("BridgeEnter", *lines)


def left(channel: str, *, bridge: str = "talk") -> Message:
    return event("BridgeLeave", ("BridgeUniqueid", bridge), ("Uniqueid", channel))


# --- recorded sessions ------------------------------------------------------------------------------------


def test_every_transcript_has_its_expectation() -> None:
    assert {path.stem for path in TRANSCRIPTS.glob("*.txt")} == set(SESSIONS)


@pytest.mark.parametrize("case", SESSIONS)
def test_a_session_is_these_events(case: str) -> None:
    assert replay(case) == SESSIONS[case]


def test_ring_timeout_of_a_person_who_let_it_ring_is_no_answer() -> None:
    assert replay("no_answer", ring_s=2.0) == [RANG, hung_up(19, 480, Outcome.NO_ANSWER)]


@pytest.mark.parametrize("case", ["connected", "agent_lost", "channel_list"])
def test_both_orders_of_entering_a_bridge_are_one_event(case: str) -> None:
    """In merges the agent's entry was seen before the customer's, and in another bridge than his."""
    messages = transcript(case)
    talks = [n for n, m in enumerate(messages) if m.name == "BridgeEnter" and m.get("BridgeType") == "basic"]
    for first, second in zip(talks[::2], talks[1::2], strict=True):
        messages[first], messages[second] = messages[second], messages[first]
    session = Session()
    session.dial(AT)
    events = session.hear(messages)
    assert events == SESSIONS[case]


# --- how a call that nobody answered ended ----------------------------------------------------------------


def ended(*messages: Message, ring_s: float = RING_S) -> AnyEvent:
    session = Session(ring_s=ring_s)
    session.dial(AT)
    return session.hear([made(), *messages])[-1]


@pytest.mark.parametrize("alert", [state(5), dial_state("RINGING"), dial_state("PROGRESS")])
def test_ring_timeout_with_a_sign_of_the_far_end_is_no_answer(alert: Message) -> None:
    expected = hung_up(19, 480, Outcome.NO_ANSWER)
    assert ended(alert, hangup(19, 480, after_s=RING_S)) == expected


def test_ring_timeout_without_a_sign_is_the_trunks_fault() -> None:
    expected = hung_up(19, 480, Outcome.CONGESTION, trunk_fault=True)
    assert ended(hangup(19, 480, after_s=RING_S - 0.1)) == expected
    assert ended(dial_state("PROCEEDING"), hangup(19, 480, after_s=RING_S)) == expected


def test_the_carriers_own_480_is_no_answer_and_no_fault() -> None:
    assert ended(hangup(19, 480, after_s=3)) == hung_up(19, 480, Outcome.NO_ANSWER)


def test_a_refusal_in_the_last_moment_of_ringing_keeps_its_meaning() -> None:
    assert ended(state(5), hangup(17, 486, after_s=RING_S - 0.2)) == hung_up(17, 486, Outcome.BUSY)
    assert ended(hangup(1, 404, after_s=RING_S)) == hung_up(1, 404, Outcome.INVALID_NUMBER)


def test_own_fault_tells_of_a_trunk_not_of_the_person() -> None:
    assert ended(hangup(21, 401)) == hung_up(21, 401, Outcome.FAILED, trunk_fault=True)


def test_hangup_without_a_cause_is_unknown() -> None:
    assert ended(hangup(0)) == hung_up(None, None, Outcome.UNKNOWN)


# --- originates that failed -------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [0, 3])
@pytest.mark.parametrize("late", [False, True])
def test_failure_of_a_channel_that_was_made_says_nothing_more(reason: int, late: bool) -> None:
    end, word = hangup(17, 486), failure(reason=reason)
    session = Session()
    session.dial(AT)
    events = session.hear([made(), end, word] if late else [made(), word, end])
    assert events == [hung_up(17, 486, Outcome.BUSY)]


def test_failure_without_a_channel_ends_the_attempt_once() -> None:
    session = Session()
    session.dial(AT)
    assert session.hear([failure(), failure()]) == [NOT_MADE]


def test_agent_whose_phone_is_not_registered_has_no_leg() -> None:
    session = Session()
    session.dial(AT)
    assert session.hear([failure(LEG)]) == [LEG_HUNG_UP]


def test_leg_that_did_not_answer_is_told_of_once() -> None:
    session = Session()
    session.dial(AT)
    assert session.hear([made(LEG), hangup(19, 480, LEG), failure(LEG, 3)]) == [LEG_HUNG_UP]


def test_refused_duplicate_leaves_the_living_call_alone() -> None:
    session = Session()
    session.dial(AT)
    session.hear([made(), state(6), entered(ATTEMPT, room=True)])
    session.dial(AT)
    assert session.hear([failure()]) == []
    assert session.hear([hangup(16)]) == [CLEARED]


def test_failure_of_an_originate_before_the_link_was_lost_is_left_to_the_listing() -> None:
    """The call may ring, and the failure be its busy tone, whose Hangup is still to come."""
    session = Session()
    session.dial(AT)
    session.translator.forget()
    assert session.hear([failure(), hangup(17, 486)]) == [hung_up(17, 486, Outcome.BUSY)]


# --- conversations ----------------------------------------------------------------------------------------


def test_one_party_alone_is_no_conversation() -> None:
    session = Session()
    session.translator.expect_bridge(ATTEMPT, LEG)
    assert session.hear([entered(ATTEMPT)]) == []
    assert session.hear([left(ATTEMPT), entered(LEG)]) == []


def test_two_who_were_not_ordered_together_are_no_conversation() -> None:
    session = Session()
    session.translator.expect_bridge(ATTEMPT, LEG)
    assert session.hear([entered(ATTEMPT), entered(NEXT_LEG)]) == []


def test_hangup_of_the_lost_leg_does_not_undo_the_next_order() -> None:
    session = Session()
    session.translator.expect_bridge(ATTEMPT, LEG)
    assert session.hear([entered(ATTEMPT), entered(LEG)]) == [BRIDGED]
    session.hear([left(LEG), left(ATTEMPT)])
    session.translator.expect_bridge(ATTEMPT, NEXT_LEG)
    events = session.hear([hangup(16, channel=LEG), entered(NEXT_LEG), entered(ATTEMPT)])
    assert events == [LEG_HUNG_UP, BRIDGED_ANEW]


def test_departure_from_an_older_bridge_is_not_one_from_this() -> None:
    session = Session()
    session.translator.expect_bridge(ATTEMPT, LEG)
    session.hear(
        [entered(ATTEMPT, bridge="old"), entered(ATTEMPT, bridge="new"), left(ATTEMPT, bridge="old")]
    )
    assert session.hear([entered(LEG, bridge="new")]) == [BRIDGED]


def test_link_that_was_lost_forgets_who_was_in_a_bridge() -> None:
    session = Session()
    session.translator.expect_bridge(ATTEMPT, LEG)
    session.hear([entered(ATTEMPT)])
    session.translator.forget()
    assert session.hear([entered(LEG)]) == []


def test_hold_that_expired_is_the_message_too() -> None:
    lines = ("UserEvent", "HoldExpired"), ("Attempt", ATTEMPT)
    assert Session().hear([event("UserEvent", *lines)]) == [MESSAGE_BEGAN]


def test_notice_that_was_cut_short_is_none() -> None:
    """Its channel ends either way; only the dialplan knows that it was played to its end."""
    assert Session().hear([made(f"{ATTEMPT}-n"), hangup(16, channel=f"{ATTEMPT}-n")]) == []


# --- time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [1.0, -1.0])
def test_the_switchs_own_time_counts(ahead_s: float) -> None:
    heard_at = AT + timedelta(seconds=ahead_s)
    assert Translator().translate(state(5), heard_at) == RANG


@pytest.mark.parametrize("skew", [MAX_SKEW, -MAX_SKEW])
def test_a_clock_that_is_wrong_is_not_believed(skew: timedelta) -> None:
    heard_at = AT + skew * 1.5
    assert Translator().translate(state(5), heard_at) == replace(RANG, at=heard_at)


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-1e400", "1e15", "9" * 400, "１２"])
def test_a_stamp_that_is_none_counts_as_now(text: str) -> None:
    lines = f"Event: Newstate\r\nTimestamp: {text}\r\nChannelState: 5\r\nUniqueid: {ATTEMPT}"
    assert Translator().translate(Message(lines.encode()), AT) == RANG


# --- what is none of our business -------------------------------------------------------------------------

FOREIGN = [
    "",
    "1795300331.17",
    "asterisk-1795300331.17",
    f"{ATTEMPT}-n;2",
    f"{ATTEMPT}0",
    ATTEMPT.lower(),
    f"x-{ATTEMPT}",
    "nobody-n",
    "０１KAMZ0ATTEMPT00000000000",
]


@pytest.mark.parametrize("channel", FOREIGN)
def test_channels_of_others_are_nothing_to_us(channel: str) -> None:
    messages = [
        made(channel),
        state(5, channel),
        state(6, channel),
        entered(channel, room=True),
        entered(channel),
        left(channel),
        failure(channel),
        hangup(16, channel=channel),
        event("UserEvent", ("UserEvent", "SafeHarbour"), ("Attempt", channel)),
    ]
    assert Session().hear(messages) == []


@pytest.mark.parametrize(
    "message",
    [
        event("UserEvent", ("UserEvent", "Anything"), ("Attempt", ATTEMPT)),
        event("UserEvent", ("UserEvent", "SafeHarbour")),
        event("Newstate", ("ChannelState", "6\x00"), ("Uniqueid", ATTEMPT)),
        event("Newstate", ("ChannelState", "4"), ("Uniqueid", ATTEMPT)),
        event("DialState", ("DestUniqueid", ATTEMPT), ("DialStatus", "RINGING")),
        event("OriginateResponse", ("Response", "Success"), ("Uniqueid", ATTEMPT)),
        event("BridgeLeave"),
        event("Hangup"),
        event("OriginateResponse"),
        event("Newchannel"),
        event("Cdr", ("Uniqueid", ATTEMPT)),
        Message(b"Response: Success\r\nUniqueid: " + ATTEMPT.encode()),
        Message(b"\xff\xfe: \xff"),
    ],
)
def test_nonsense_is_ignored(message: Message) -> None:
    assert Translator().translate(message, AT) is None


@pytest.mark.parametrize("value", ["17; DROP", "-17", "1e1", "1795", "１７", " 17", "None", "0"])
def test_codes_that_are_none_are_read_as_none(value: str) -> None:
    message = event("Hangup", ("Uniqueid", ATTEMPT), ("Cause", value), ("TechCause", value))
    assert Session().hear([message]) == [hung_up(None, None, Outcome.UNKNOWN)]


def test_caller_who_names_himself_like_a_header_changes_nothing() -> None:
    """The first value of a key counts, and a name can't hold a line's end: what he writes stays his name."""
    lines = ("Uniqueid", ATTEMPT), ("ChannelState", "5"), ("CallerIDName", "ChannelState: 6")
    late = ("ChannelState", "6"), ("Uniqueid", LEG), ("Timestamp", "0")
    assert Session().hear([event("Newstate", *lines, *late)]) == [RANG]


# --- listings ---------------------------------------------------------------------------------------------


def test_listing_tells_who_waits_and_who_talks() -> None:
    messages = transcript("channel_list")
    ends = [n for n, m in enumerate(messages) if m.name == "CoreShowChannelsComplete"]
    assert live_channels(messages[: ends[0]]) == ()
    assert live_channels(messages[ends[0] : ends[1]]) == (
        LiveChannel(id=NEXT_LEG, up=True, parked=True, bridged_with=None),
        LiveChannel(id=LEG, up=True, parked=False, bridged_with=ATTEMPT),
        LiveChannel(id=ATTEMPT, up=True, parked=False, bridged_with=LEG),
    )


def listed(channel: str, number: int = 6, bridge: str = "") -> Message:
    lines = ("Uniqueid", channel), ("ChannelState", str(number)), ("BridgeId", bridge)
    return event("CoreShowChannel", *lines)


def test_listing_of_calls_that_ring_hear_a_message_or_wait_together() -> None:
    other = AttemptId("01KAMZ0ATTEMPT000000000001")
    rings, speaks = AttemptId("01KAMZ0ATTEMPT000000000002"), AttemptId("01KAMZ0ATTEMPT000000000003")
    rows = [listed(ATTEMPT, bridge="room"), listed(other, bridge="room"), listed(rings, 5), listed(speaks)]
    assert live_channels(rows) == (
        LiveChannel(id=ATTEMPT, up=True, parked=True, bridged_with=None),
        LiveChannel(id=other, up=True, parked=True, bridged_with=None),
        LiveChannel(id=rings, up=False, parked=False, bridged_with=None),
        LiveChannel(id=speaks, up=True, parked=False, bridged_with=None),
    )


@pytest.mark.parametrize("channel", FOREIGN)
def test_channels_of_others_are_not_listed(channel: str) -> None:
    assert live_channels([listed(channel, bridge="b"), event("CoreShowChannelsComplete")]) == ()
