"""A batch of facts folded into rows: what moves, what happens once, and how the statements join."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.outcomes import LeadState, NextStep, Outcome, PhoneStatus
from dialer.domain.values import Attempt, AttemptId, PhoneNumber, Verdict
from dialer.store import queries
from dialer.store.batch import Batch, event_of
from dialer.store.event_log import _as_one
from dialer.store.queries import SQL, read_statements

AT = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
ID = AttemptId("01JABCDEFGHJKMNPQRSTVWXYZ0")


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def moved(state: CallState, seconds: float, agent_id: int | None = None) -> f.AttemptMoved:
    return f.AttemptMoved(at=at(seconds), attempt_id=ID, campaign_id=1, state=state, agent_id=agent_id)


def ended(outcome: Outcome, seconds: float) -> f.AttemptEnded:
    return f.AttemptEnded(
        at=at(seconds), attempt_id=ID, campaign_id=1, lead_id=5, phone_id=9, outcome=outcome, burnt=True
    )


def agent(state: AgentState, seconds: float, reason: str | None = None) -> f.AgentMoved:
    return f.AgentMoved(at=at(seconds), agent_id=3, state=state, reason=reason)


def test_states_take_the_last_word_and_moments_the_first() -> None:
    batch = Batch.of(
        [
            moved(CallState.RINGING, 1),
            moved(CallState.RINGING, 2),
            moved(CallState.WAITING, 3),
            moved(CallState.BRIDGED, 4, agent_id=3),
            moved(CallState.WAITING, 5),
            moved(CallState.BRIDGED, 6, agent_id=4),
        ]
    )
    news = batch.attempts[ID]
    assert (news.state, news.agent_id) == (CallState.BRIDGED, 4)
    assert (news.ringing_at, news.answered_at, news.connected_at) == (at(1), at(3), at(4))


def test_an_answer_without_ringing_or_answered_still_has_its_moment() -> None:
    assert Batch.of([moved(CallState.BRIDGED, 4, agent_id=3)]).attempts[ID].answered_at == at(4)


def test_nothing_moves_a_call_that_has_ended() -> None:
    batch = Batch.of(
        [ended(Outcome.BUSY, 1), moved(CallState.BRIDGED, 2, agent_id=3), ended(Outcome.FAILED, 3)]
    )
    news = batch.attempts[ID]
    assert (news.state, news.outcome, news.ended_at, news.connected_at) == (
        CallState.ENDED,
        Outcome.BUSY,
        at(1),
        None,
    )
    assert batch.leads[5].burnt == 1


def test_a_lead_takes_its_last_step_and_a_phone_what_it_taught() -> None:
    rest = NextStep(LeadState.RESTING, at(60), 9)
    stop = NextStep(LeadState.SUPPRESSED, reason="do_not_call", phone_status=PhoneStatus.DO_NOT_CALL)
    batch = Batch.of(
        [
            f.LeadMoved(
                at=at(1),
                lead_id=5,
                campaign_id=1,
                step=rest,
                phone_id=9,
                outcome=Outcome.CONNECTED,
                same_outcome_run=2,
            ),
            f.LeadMoved(at=at(2), lead_id=5, campaign_id=1, step=stop, phone_id=9),
        ]
    )
    lead, phone = batch.leads[5], batch.phones[9]
    assert (lead.state, lead.next_at, lead.reason) == (LeadState.SUPPRESSED, None, "do_not_call")
    assert (phone.status, phone.outcome, phone.run, phone.tried_at) == (
        PhoneStatus.DO_NOT_CALL,
        Outcome.CONNECTED,
        2,
        at(1),
    )
    assert batch.do_not_call == [(5, "do_not_call", at(2))]


@pytest.mark.parametrize(
    ("facts", "since", "changed"),
    [
        ([agent(AgentState.READY, 1), agent(AgentState.READY, 2)], 1, False),
        ([agent(AgentState.READY, 1), agent(AgentState.RESERVED, 2), agent(AgentState.RESERVED, 3)], 2, True),
        ([agent(AgentState.READY, 1), agent(AgentState.RESERVED, 2), agent(AgentState.READY, 3)], 3, True),
        ([agent(AgentState.NOT_READY, 1, "break"), agent(AgentState.NOT_READY, 2, "lunch")], 2, True),
    ],
)
def test_an_agent_is_in_his_state_since_he_came_into_it(
    facts: list[f.AnyFact], since: float, changed: bool
) -> None:
    batch = Batch.of(facts)
    assert batch.agents[3].at == at(since)
    assert (3 in batch.agents_changed) is changed


def test_a_plan_is_logged_without_its_number() -> None:
    attempt = Attempt(
        id=ID,
        campaign_id=1,
        lead_id=5,
        person_id=6,
        phone_id=9,
        n=1,
        mode=DialMode.POWER,
        number=PhoneNumber("+18095550101"),
        trunk="telco",
        caller_id="+18095550100",
        verdict=Verdict("laboratory", "1", ("hours",)),
        planned_at=AT,
        ring_timeout_s=25,
        connect_limit_s=2.0,
        language="es",
    )
    attempt_id, kind, when, data = event_of(f.AttemptPlanned(at=AT, attempt=attempt))
    assert (attempt_id, kind, when) == (ID, "AttemptPlanned", AT)
    assert "+18095550101" not in data
    assert orjson.loads(data)["attempt"]["phone_id"] == 9


def test_an_event_holds_the_fields_that_are_no_columns() -> None:
    attempt_id, kind, _, data = event_of(moved(CallState.BRIDGED, 4, agent_id=3))
    assert (attempt_id, kind) == (ID, "AttemptMoved")
    told = {"campaign_id": 1, "state": "bridged", "agent_id": 3, "connect_ms": None, "waits_s": None}
    assert orjson.loads(data) == told
    _, _, _, data = event_of(
        f.CampaignMoved(at=AT, campaign_id=1, state=CampaignState.HALTED, reason="abandon_cap")
    )
    assert orjson.loads(data) == {"campaign_id": 1, "state": "halted", "reason": "abandon_cap"}


def test_every_statement_counts_its_parameters_without_a_gap() -> None:
    folder = Path(queries.__file__).parent
    texts = [(folder / name).read_text("utf-8") for name in ("queries.sql", "dispositions.sql")]
    parts = set(re.findall(r"\{([a-z_]+)\}", "".join(texts)))  # a part counts with what includes it
    for name, statement in SQL.items():
        if name in parts:
            continue
        numbers = {int(number) for number in re.findall(r"\$(\d+)", statement)}
        assert numbers == set(range(1, len(numbers) + 1)), name


def test_statements_joined_keep_their_parameters_apart() -> None:
    merged = _as_one(("write_events", "update_attempts", "move_campaigns"))
    numbers = {int(number) for number in re.findall(r"\$(\d+)", merged)}
    assert numbers == set(range(1, 7 + 15 + 3 + 1))
    assert merged.count("WITH ") == 2  # the one of the whole and WITH ORDINALITY
    assert "unnest($23::bigint[], $24::text[], $25::text[])" in merged


def test_a_file_of_statements_includes_and_refuses_doubles(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "some.sql"
    path.write_text("-- A word.\n-- name: a\nSELECT 1 -- one\n\n-- name: b\n-- why\n({a});\n")
    assert read_statements(path) == {"a": "SELECT 1 -- one", "b": "(SELECT 1 -- one)"}
    path.write_text("-- name: a\nSELECT 1\n-- name: a\nSELECT 2\n")
    with pytest.raises(ValueError, match="a stands twice"):
        read_statements(path)
