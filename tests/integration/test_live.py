"""The live fold against fresh snapshots, and the card."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.outcomes import Effect, Outcome, PhoneStatus
from dialer.domain.values import Attempt, AttemptId, PhoneNumber, Verdict, mint_ulid
from dialer.portfolio.importing import import_leads
from dialer.store.campaigns import create_campaign, ensure_script, ensure_segment
from dialer.store.event_log import PostgresShardStore
from dialer.store.live import Event
from dialer.store.read_models import (
    Card,
    CardDebt,
    CardPhone,
    dialer_is_up,
    load_live,
    read_card,
    read_events,
    refresh_leads_left,
    refresh_settings,
)
from tests.integration.portfolio import Portfolio, add_agent, add_leads, make_portfolio

pytestmark = pytest.mark.integration

LEASE = timedelta(hours=1)
#: Half an hour before midnight, so that every run crosses it.
START = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
STEPS = {
    CallState.PLANNED: (CallState.ORIGINATING,),
    CallState.ORIGINATING: (CallState.RINGING, CallState.ANSWERED),
    CallState.RINGING: (CallState.ANSWERED,),
    CallState.ANSWERED: (CallState.WAITING, CallState.SCREENING, CallState.MESSAGE),
    CallState.SCREENING: (CallState.WAITING, CallState.MESSAGE),
    CallState.WAITING: (CallState.BRIDGED, CallState.MESSAGE),
    CallState.BRIDGED: (CallState.WAITING, CallState.BRIDGED),
    CallState.MESSAGE: (),
}


class Floor:
    """Says by chance what might happen next on a floor: calls that walk their states, agents, campaigns, noise."""

    def __init__(
        self, seed: int, campaigns: list[int], leads: list[asyncpg.Record], agents: list[int]
    ) -> None:
        self.chance = random.Random(seed)
        self.at = START
        self.campaigns, self.leads, self.agents = campaigns, leads, agents
        self.calls: dict[AttemptId, tuple[Attempt, CallState]] = {}
        self.ended: list[Attempt] = []

    def next(self) -> f.AnyFact:
        self.at += timedelta(seconds=self.chance.uniform(0, 30))
        say = self.chance.choices(
            [self.plan, self.move, self.end, self.move_agent, self.rest], weights=[3, 6, 2, 3, 2]
        )[0]
        return say() or self.rest()

    def plan(self) -> f.AnyFact | None:
        if not self.leads:
            return None
        lead = self.leads.pop()
        attempt = Attempt(
            id=AttemptId(mint_ulid(self.at, self.chance)),
            campaign_id=lead["campaign_id"],
            lead_id=lead["id"],
            person_id=lead["person_id"],
            phone_id=lead["phone_id"],
            n=1,
            mode=DialMode.PROGRESSIVE,
            number=PhoneNumber(lead["number"]),
            trunk="telco",
            caller_id="+18095550100",
            verdict=Verdict("laboratory", "1", ()),
            planned_at=self.at,
            ring_timeout_s=25,
            connect_limit_s=2.0,
            language="es",
            agent_id=self.chance.choice([None, *self.agents]),
        )
        self.calls[attempt.id] = (attempt, CallState.PLANNED)
        return f.AttemptPlanned(at=self.at, attempt=attempt)

    def move(self) -> f.AnyFact | None:
        # Now and then a word about a call that has ended, which must change nothing.
        late = self.ended and self.chance.random() < 0.1
        if late:
            attempt, state = self.chance.choice(self.ended), self.chance.choice(list(STEPS))
        else:
            going = [(attempt, state) for attempt, state in self.calls.values() if STEPS[state]]
            if not going:
                return None
            attempt, state = self.chance.choice(going)
            state = self.chance.choice(STEPS[state])
            self.calls[attempt.id] = (attempt, state)
        agent = self.chance.choice(self.agents) if state is CallState.BRIDGED else None
        return f.AttemptMoved(
            at=self.at, attempt_id=attempt.id, campaign_id=attempt.campaign_id, state=state, agent_id=agent
        )

    def end(self) -> f.AnyFact | None:
        if not self.calls:
            return None
        attempt, _ = self.calls.pop(self.chance.choice(list(self.calls)))
        self.ended.append(attempt)
        return f.AttemptEnded(
            at=self.at,
            attempt_id=attempt.id,
            campaign_id=attempt.campaign_id,
            lead_id=attempt.lead_id,
            phone_id=attempt.phone_id,
            outcome=self.chance.choice(list(Outcome)),
            burnt=self.chance.random() < 0.5,
        )

    def move_agent(self) -> f.AnyFact:
        state = self.chance.choice(list(AgentState))
        return f.AgentMoved(
            at=self.at,
            agent_id=self.chance.choice(self.agents),
            state=state,
            reason=self.chance.choice([None, "break", "lunch"]) if state is AgentState.NOT_READY else None,
            leg_up=self.chance.random() < 0.8,
            attempt_id=self.chance.choice([None, *self.calls]),
            lead_id=self.chance.choice([None, 7]),
            after_wrap_up=self.chance.choice([None, "not_ready"]),
            wrap_up_until=self.chance.choice([None, self.at]),
        )

    def rest(self) -> f.AnyFact:
        campaign_id = self.chance.choice(self.campaigns)
        return self.chance.choice(
            [
                f.CampaignMoved(
                    at=self.at,
                    campaign_id=campaign_id,
                    state=self.chance.choice(list(CampaignState)),
                    reason="r",
                ),
                f.PacingDecided(
                    at=self.at,
                    campaign_id=campaign_id,
                    policy="simple",
                    calls=self.chance.randint(0, 9),
                    explain={"free": self.chance.randint(0, 9), "limit": "cap"},
                ),
                f.SwitchMoved(at=self.at, up=self.chance.random() < 0.7),
                f.ShardStarted(at=self.at, fence=1, seed=1),
            ]
        )


@pytest.mark.parametrize("seed", range(4))
async def test_the_fold_equals_a_fresh_snapshot_at_every_number(
    pool: asyncpg.Pool, dsn: str, seed: int
) -> None:
    portfolio = await make_portfolio(pool, leads=60)
    async with pool.acquire() as connection:
        second = await create_campaign(connection, name="Mora 60", group_id=portfolio.group_id)
    await add_leads(pool, second, 60)
    agents = [await add_agent(pool, portfolio.group_id, f"agent{n}") for n in range(4)]
    async with PostgresShardStore(dsn) as store:
        await store.acquire(portfolio.group_id, "test", LEASE)
        for campaign_id in (portfolio.campaign_id, second):
            assert len(await store.claim(campaign_id, 100, LEASE, datetime.now(UTC))) == 60
        leads = await pool.fetch(
            "SELECT lead.id, campaign_id, lead.person_id, phone.id AS phone_id, number FROM lead"
            " JOIN phone ON phone.person_id = lead.person_id AND position = 0 ORDER BY lead.id"
        )
        floor = Floor(seed, [portfolio.campaign_id, second], list(leads), agents)
        floor.chance.shuffle(floor.leads)
        # Who never had a session is logged out since he was made; from here on each has one.
        await store.append([f.AgentMoved(at=START, agent_id=n, state=AgentState.UNREACHABLE) for n in agents])
        fold = await load_live(pool, portfolio.group_id, day=START.date())
        changes = 0
        while fold.seq < 400:
            await store.append([floor.next() for _ in range(floor.chance.randint(1, 12))])
            for event in await read_events(pool, portfolio.group_id, fold.seq):
                before = {campaign.id: replace(campaign) for campaign in fold.campaigns.values()}
                # The totals' dictionary is the only one changed in place.
                totals = {campaign.id: dict(campaign.outcomes_today) for campaign in before.values()}
                told = fold.apply(event)
                changes += len(told)
                for campaign in fold.campaigns.values():
                    was = replace(before[campaign.id], outcomes_today=totals[campaign.id])
                    assert campaign == was or ("campaign", campaign.id) in told
            assert fold == await load_live(pool, portfolio.group_id, day=fold.day)
    assert fold.day == START.date() + timedelta(days=1)
    assert not fold.has_strangers
    assert changes > 200


async def test_a_gap_is_an_error_and_a_repetition_nothing(pool: asyncpg.Pool) -> None:
    portfolio = await make_portfolio(pool, leads=1)
    fold = await load_live(pool, portfolio.group_id)
    up = Event(1, None, "SwitchMoved", datetime.now(UTC), {"up": True})
    assert fold.apply(up) == {("switch",)}
    assert fold.apply(up) == set()
    with pytest.raises(ValueError, match="event 3 after 1"):
        fold.apply(replace(up, seq=3))


async def test_a_call_ended_shows_on_its_agents_screen(pool: asyncpg.Pool) -> None:
    portfolio = await make_portfolio(pool, leads=1)
    agent = await add_agent(pool, portfolio.group_id)
    fold = await load_live(pool, portfolio.group_id)
    fold.agents[agent].attempt_id = AttemptId("A")
    told = fold.apply(Event(1, AttemptId("A"), "NoticeGiven", datetime.now(UTC), {"spoken": True}))
    assert told == {("agent", agent)}


async def test_settings_people_and_leads_left_are_read_again(pool: asyncpg.Pool) -> None:
    portfolio = await make_portfolio(pool, leads=5)
    gone = await add_agent(pool, portfolio.group_id, "gone")
    fold = await load_live(pool, portfolio.group_id)
    assert fold.campaigns[portfolio.campaign_id].leads_left == 5
    assert await refresh_settings(pool, fold) == set()
    new = await add_agent(pool, portfolio.group_id, "new")
    await pool.execute("UPDATE app_user SET active = false WHERE id = $1", gone)
    await pool.execute("UPDATE campaign SET mode = 'power', ratio = 2, version = version + 1")
    await pool.execute(
        "UPDATE lead SET state = 'finished', state_reason = 'paid' WHERE id = (SELECT min(id) FROM lead)"
    )
    await pool.execute("UPDATE lead SET state = 'in_attempt' WHERE id = (SELECT max(id) FROM lead)")
    assert await refresh_settings(pool, fold) == {
        ("campaign", portfolio.campaign_id),
        ("agent", gone),
        ("agent", new),
    }
    campaign = fold.campaigns[portfolio.campaign_id]
    assert (campaign.mode, campaign.ratio, list(fold.agents)) == (DialMode.POWER, 2.0, [new])
    assert await refresh_leads_left(pool, fold) == {("campaign", portfolio.campaign_id)}
    assert campaign.leads_left == 4


async def test_the_dialer_is_up_while_its_lease_runs(pool: asyncpg.Pool, dsn: str) -> None:
    portfolio = await make_portfolio(pool, leads=1)
    assert not await dialer_is_up(pool, portfolio.group_id)
    async with PostgresShardStore(dsn) as store:
        await store.acquire(portfolio.group_id, "test", LEASE)
        assert await dialer_is_up(pool, portfolio.group_id)
        await store.release()
    assert not await dialer_is_up(pool, portfolio.group_id)


@pytest.fixture
def debtor(tmp_path: Path) -> Path:
    path = tmp_path / "one.csv"
    path.write_text(
        "referencia,nombre,zona_horaria,telefono1,telefono2,segmento,deuda,acreedor,producto,saldo,moneda,vencimiento\n"
        "C1,Ana Díaz,America/Santo_Domingo,+18095550101,+18295550101,Tardía,D1,Banco,Tarjeta,10,DOP,2026-10-01\n"
        "C1,Ana Díaz,,+18095550101,,,D2,Banco,Préstamo,20.5,DOP,2026-01-01\n"
    )
    return path


async def test_the_card_holds_person_numbers_debts_script_and_results(
    pool: asyncpg.Pool, dsn: str, debtor: Path
) -> None:
    portfolio: Portfolio = await make_portfolio(pool, leads=0)
    async with pool.acquire() as connection:
        await ensure_segment(
            connection, "Tardía", await ensure_script(connection, "Atraso", "Hola {{ debtor.name }}")
        )
    await import_leads(dsn, portfolio.campaign_id, debtor)
    lead_id = await pool.fetchval("SELECT id FROM lead")
    card = await read_card(pool, lead_id=lead_id)
    assert isinstance(card, Card)
    assert (card.full_name, card.time_zone, card.segment) == ("Ana Díaz", "America/Santo_Domingo", "Tardía")
    ((_, share, number, graph),) = card.script_versions
    assert (card.script_name, share, number) == ("Atraso", 100, 1)
    assert graph["steps"][0]["say"] == "Hola {{ debtor.name }}"
    assert [(phone.number, phone.status) for phone in card.phones] == [
        ("+18095550101", PhoneStatus.ACTIVE),
        ("+18295550101", PhoneStatus.ACTIVE),
    ]
    assert card.debts == (
        CardDebt("D2", "Banco", "Préstamo", 2050, "DOP", date(2026, 1, 1)),
        CardDebt("D1", "Banco", "Tarjeta", 1000, "DOP", date(2026, 10, 1)),
    )
    assert card.has_debt
    assert len(card.dispositions) == 13
    assert card.dispositions[0].label["en"] == "Promise to pay"
    assert {d.effect for d in card.dispositions} == set(Effect) - {Effect.FINISH}
    assert (card.mode, card.attempt_id, card.state, card.recording) == (
        DialMode.PROGRESSIVE,
        None,
        None,
        False,
    )

    async with PostgresShardStore(dsn) as store:
        await store.acquire(portfolio.group_id, "test", LEASE)
        (lead,) = await store.claim(portfolio.campaign_id, 1, LEASE, datetime.now(UTC))
        floor = Floor(1, [portfolio.campaign_id], [], [])
        floor.leads = [
            await pool.fetchrow(
                "SELECT lead.id, campaign_id, lead.person_id, phone.id AS phone_id, number FROM lead"
                " JOIN phone ON phone.person_id = lead.person_id ORDER BY position LIMIT 1"
            )
        ]
        planned = floor.plan()
        assert isinstance(planned, f.AttemptPlanned)
        attempt_id = planned.attempt.id
        await store.append([planned])
        at = START
        await store.append(
            [
                f.AttemptMoved(
                    at=at, attempt_id=attempt_id, campaign_id=portfolio.campaign_id, state=CallState.WAITING
                ),
                f.RecordingBegan(at=at, attempt_id=attempt_id),
            ]
        )
        card = await read_card(pool, attempt_id=attempt_id)
        assert card is not None
        assert (card.attempt_id, card.lead_id, card.state) == (attempt_id, lead.id, CallState.WAITING)
        assert (card.recording, card.answered_at, card.number) == (True, at, "+18095550101")
        assert card.phones[0] == CardPhone(planned.attempt.phone_id, "+18095550101", PhoneStatus.ACTIVE)
        await store.append([f.RecordingClosed(at=at, attempt_id=attempt_id)])
        card = await read_card(pool, attempt_id=attempt_id)
        assert card is not None
        assert not card.recording
    assert await read_card(pool, attempt_id="0" * 26) is None
    assert await read_card(pool, lead_id=999) is None
