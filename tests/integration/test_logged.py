"""A stretch of the past read back: calls with their seconds, agents' spells, when the campaign ran and had leads."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState
from dialer.domain.errors import BadInput
from dialer.domain.logged import figures_of, trimmed
from dialer.domain.outcomes import Outcome
from dialer.store.event_log import PostgresShardStore
from dialer.store.logged import load_stretch
from tests.integration.call_facts import Claim, at, ended, moved, plan
from tests.integration.portfolio import Portfolio, add_agent

pytestmark = pytest.mark.integration


async def test_a_stretch_is_what_was_logged(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    """1. One call connected, one unanswered, one cancelled; an agent ready, talking, wrapping up; 2. all of it is in
    the stretch with its seconds, the cancelled call not; 3. trimmed it begins with the first call."""
    agent = await add_agent(pool, portfolio.group_id)
    first, second, third = await claim(3)
    a, b, c = plan(first), plan(second, 1.0), plan(third, 2.0)
    talk = a.attempt

    def agent_moved(state: AgentState, seconds: float, attempt_id: str | None = None) -> f.AgentMoved:
        return f.AgentMoved(at=at(seconds), agent_id=agent, state=state, attempt_id=attempt_id)  # type: ignore[arg-type]

    def told(limit: str, seconds: float) -> f.PacingDecided:
        explain: dict[str, str | float | int | bool | None] = {"limit": limit}
        campaign_id = portfolio.campaign_id
        return f.PacingDecided(
            at=at(seconds), campaign_id=campaign_id, policy="power", calls=0, explain=explain
        )

    await store.append(
        [
            f.CampaignMoved(at=at(-50), campaign_id=portfolio.campaign_id, state=CampaignState.RUNNING),
            agent_moved(AgentState.READY, -30),
            told("risk", -20),
            a,
            b,
            c,
            moved(talk, CallState.ANSWERED, 4),
            moved(talk, CallState.BRIDGED, 4.5, agent_id=agent, connect_ms=500.0),
            agent_moved(AgentState.ON_CALL, 4.5, talk.id),
            agent_moved(AgentState.ON_CALL, 5.0, talk.id),
            told("leads", 6),
            told("leads", 8),
        ]
    )
    await store.append(
        [
            ended(talk, Outcome.CONNECTED, 24.5),
            agent_moved(AgentState.WRAP_UP, 24.5, talk.id),
            ended(b.attempt, Outcome.NO_ANSWER, 26),
            ended(c.attempt, Outcome.CANCELLED, 2.5, burnt=False),
            agent_moved(AgentState.READY, 34.5),
            told("risk", 35),
        ]
    )
    async with pool.acquire() as connection:
        stretch = await load_stretch(connection, portfolio.campaign_id, at(-10), at(60))
        with pytest.raises(BadInput, match="no campaign"):
            await load_stretch(connection, 10**6, at(0), at(1))
    assert [(call.outcome, call.answered_s, call.connected_s, call.ended_s) for call in stretch.calls] == [
        (Outcome.CONNECTED, 4.0, 4.5, 24.5),
        (Outcome.NO_ANSWER, None, None, 25.0),
    ]
    assert [(spell.state, spell.seconds) for spell in stretch.spells] == [
        (AgentState.READY, 14.5),
        (AgentState.ON_CALL, 20.0),
        (AgentState.WRAP_UP, 10.0),
        (AgentState.READY, 25.5),
    ]
    assert stretch.states == ((at(-10), CampaignState.RUNNING),)
    assert stretch.dry == ((at(-10), False), (at(6), True), (at(35), False))
    figures = figures_of(stretch)
    assert (figures.busy_s, figures.ready_s, figures.talk_s) == (30.0, 40.0, 20.0)
    cut = trimmed(stretch)
    assert (cut.begin, cut.end) == (at(-10), at(26))
    assert cut.spells[-1].until - cut.spells[-1].since <= timedelta(seconds=2)
