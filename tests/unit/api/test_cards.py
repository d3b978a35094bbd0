"""A card follows its attempt's events; read late or early, it ends the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.api.cards import advance, fill_script, show_card
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode, RecordingNotice
from dialer.domain.outcomes import Effect, Outcome, PhoneStatus
from dialer.domain.values import AttemptId
from dialer.store.live import AgentFigures, Event
from dialer.store.read_models import Card, CardDebt, CardDisposition, CardPhone

T0 = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ID = AttemptId("01JD00000000000000000000AA")


def card(**fields: object) -> Card:
    values: dict[str, object] = {
        "lead_id": 1,
        "campaign_id": 2,
        "campaign_name": "Tarjetas",
        "mode": DialMode.PREDICTIVE,
        "rule_set": "laboratory",
        "recording_notice": RecordingNotice.PLAYED,
        "full_name": "Ana Pérez",
        "external_ref": "C-1",
        "language": "es",
        "time_zone": None,
        "phones": (CardPhone(5, "+18095550101", PhoneStatus.ACTIVE),),
        "debts": (CardDebt("D-1", "Banco", "Tarjeta", 100_00, "USD", date(2020, 1, 1)),),
        "has_debt": True,
        "segment": None,
        "target_handling_s": None,
        "script_name": None,
        "script_versions": (),
        "script_language": None,
        "dispositions": (CardDisposition("paid", {"es": "Pagó"}, Effect.FINISH, True),),
        "attempt_id": ID,
        "state": CallState.RINGING,
        "number": "+18095550101",
        "phone_id": 5,
        "agent_id": None,
        "notice_at": None,
        "recording": False,
        "answered_at": None,
        "connected_at": None,
        "ended_at": None,
        "outcome": None,
        "disposition": None,
    }
    return Card(**(values | fields))  # type: ignore[arg-type]


def event(n: int, type_: str, **data: object) -> Event:
    return Event(n, ID, type_, T0 + timedelta(seconds=n), data)


STORY = [
    event(1, "AttemptMoved", state="answered"),
    event(2, "AttemptMoved", state="waiting"),
    event(3, "AttemptMoved", state="bridged"),
    event(4, "NoticeGiven", spoken=False),
    event(5, "RecordingBegan"),
    event(6, "AttemptMoved", state="waiting"),  # the agent's leg died ...
    event(7, "AttemptMoved", state="bridged"),  # ... and another took over
    event(8, "AttemptEnded", outcome="connected"),
    event(9, "RecordingClosed"),
    event(10, "AttemptDisposed", code="paid"),
]


def after(n: int, begun: Card) -> Card:
    for one in STORY[:n]:
        begun = advance(begun, one)
    return begun


def test_the_story_of_a_call() -> None:
    assert after(2, card()).answered_at == T0 + timedelta(seconds=1)
    bridged = after(3, card())
    assert (bridged.state, bridged.connected_at) == (CallState.BRIDGED, T0 + timedelta(seconds=3))
    assert after(5, card()).recording
    ended = after(10, card())
    assert ended.connected_at == bridged.connected_at
    assert (ended.state, ended.outcome, ended.ended_at) == (
        CallState.ENDED,
        Outcome.CONNECTED,
        T0 + timedelta(seconds=8),
    )
    assert (ended.recording, ended.disposition) == (False, "paid")
    assert ended.notice_at == T0 + timedelta(seconds=4)


@given(st.integers(0, len(STORY)), st.integers(0, len(STORY)))
def test_events_read_twice_change_nothing(read_at: int, asked_at: int) -> None:
    """The card is asked for, read a little later, and then fed every event since it was asked for."""
    begun = after(max(read_at, asked_at), card())
    for one in STORY[min(read_at, asked_at) :]:
        begun = advance(begun, one)
    assert begun == after(len(STORY), card())


def test_what_the_agent_is_shown() -> None:
    until = T0 + timedelta(seconds=60)
    agent = AgentFigures(7, "Luis", AgentState.WRAP_UP, None, T0, wrap_up_until=until)
    shown = show_card(after(10, card()), agent, None)
    assert shown.wrap_up_until == until
    assert shown.script is None
    assert shown.debts[0].days_past_due is not None
    assert shown.debts[0].days_past_due > 2500
    due_tomorrow = CardDebt("D-2", "Banco", "Auto", 1, "USD", datetime.now(UTC).date() + timedelta(days=1))
    undated = CardDebt("D-3", "Banco", "Auto", 1, "USD", None)
    shown = show_card(card(debts=(due_tomorrow, undated)), agent, None)
    assert [debt.days_past_due for debt in shown.debts] == [0, None]


def with_script(body: str, **more: object) -> Card:
    graph = {"start": "page", "steps": [{"id": "page", "title": "Hola", "say": body}]}
    return card(script_versions=((5, 100, 2, graph),), **more)


def test_scripts_are_filled_for_the_agent_who_reads_them() -> None:
    body = "{{ agent.name }}: {{ debtor.first_name }}{% if debt %} {{ debt.reference }}{% endif %}"
    filled = fill_script(with_script(body), "Luis")
    assert filled is not None
    assert (filled.version_id, filled.number, filled.steps[0].markdown) == (5, 2, r"Luis: Ana D\-1")
    without = fill_script(with_script(body, has_debt=False), "Luis")
    assert without is not None
    assert without.steps[0].markdown == "Luis: Ana"
    assert fill_script(card(), "Luis") is None
    faulty = fill_script(with_script("Hola {{ x }}"), "Luis")
    assert faulty is not None
    assert faulty.error == "page: 'x' is undefined (line 1)"
