"""What the API reads of the tables beyond single rows: the live view's start and the card of a call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode, RecordingNotice
from dialer.domain.outcomes import Effect, Outcome, PhoneStatus
from dialer.domain.values import AttemptId
from dialer.store.database import Connection
from dialer.store.live import AgentFigures, CampaignFigures, Change, Event, LiveFold, OpenCall
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("read_models.sql"))

#: Events read in one go; a follower that is further behind reads again.
EVENTS_AT_ONCE = 1000


# --- the live view ----------------------------------------------------------------------------------------


async def load_live(pool: asyncpg.Pool, shard_id: int, *, day: date | None = None) -> LiveFold:
    """The floor of a shard at its newest event. `day` (UTC) is the one whose totals count; None: today."""
    async with pool.acquire() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            shard = await connection.fetchrow(SQL["shard"], shard_id)
            assert shard is not None
            if day is None:
                day = max(at.astimezone(UTC).date() for at in (datetime.now(UTC), shard["last_at"]) if at)
            begin = datetime.combine(day, time(), UTC)
            fold = LiveFold(
                shard_id=shard_id,
                seq=shard["seq"],
                day=day,
                switch_up=shard["switch_up"],
                campaigns={
                    row["id"]: _campaign(row) for row in await connection.fetch(SQL["campaigns"], shard_id)
                },
                agents={row["id"]: _agent(row) for row in await connection.fetch(SQL["agents"], shard_id)},
                calls={
                    AttemptId(row["id"]): _call(row)
                    for row in await connection.fetch(SQL["open_calls"], shard_id)
                },
            )
            totals = await connection.fetch(SQL["totals"], shard_id, begin, begin + timedelta(days=1))
        await refresh_leads_left(connection, fold)
    for row in totals:
        campaign = fold.campaigns[row["campaign_id"]]
        campaign.attempts_today += row["planned"]
        if row["ended"]:
            outcome = Outcome(row["outcome"])
            campaign.outcomes_today[outcome] = campaign.outcomes_today.get(outcome, 0) + row["ended"]
        if agent := fold.agents.get(row["agent_id"]):
            agent.calls_today += row["connected"]
    fold.recount()
    return fold


async def read_events(pool: asyncpg.Pool, shard_id: int, after_seq: int) -> list[Event]:
    """The log behind `after_seq`, in order, at most `EVENTS_AT_ONCE`."""
    return [
        Event(row["seq"], row["attempt_id"], row["type"], row["at"], orjson.loads(row["data"]))
        for row in await pool.fetch(SQL["events"], shard_id, after_seq, EVENTS_AT_ONCE)
    ]


async def refresh_settings(pool: asyncpg.Pool, fold: LiveFold) -> set[Change]:
    """What the log does not tell: edited settings, new or gone campaigns, new or gone agents and their names."""
    changes: set[Change] = set()
    campaigns = {row["id"]: _campaign(row) for row in await pool.fetch(SQL["campaigns"], fold.shard_id)}
    for campaign in campaigns.values():
        known = fold.campaigns.get(campaign.id)
        if known is None:
            fold.campaigns[campaign.id] = campaign
        elif (known.version, known.name) != (campaign.version, campaign.name):
            known.name, known.version, known.mode = campaign.name, campaign.version, campaign.mode
            known.ratio, known.rule_set = campaign.ratio, campaign.rule_set
            known.abandon_cap, known.archived = campaign.abandon_cap, campaign.archived
        else:
            continue
        changes.add(("campaign", campaign.id))
    for gone in fold.campaigns.keys() - campaigns.keys():  # to another group, before it ever dialled
        del fold.campaigns[gone]
        changes.add(("campaign", gone))
    agents = {row["id"]: _agent(row) for row in await pool.fetch(SQL["agents"], fold.shard_id)}
    for agent in agents.values():
        held = fold.agents.get(agent.id)
        if held is None:
            fold.agents[agent.id] = agent
        elif held.name != agent.name:
            held.name = agent.name
        else:
            continue
        changes.add(("agent", agent.id))
    for gone in fold.agents.keys() - agents.keys():
        del fold.agents[gone]
        changes.add(("agent", gone))
    if fold.has_strangers:
        fold.has_strangers = False
        fold.recount()
    return changes


async def refresh_leads_left(database: asyncpg.Pool | Connection, fold: LiveFold) -> set[Change]:
    """Count what is left to dial. It reads an index of the callable leads: not more often than every 5 s."""
    changes: set[Change] = set()
    for row in await database.fetch(SQL["leads_left"], fold.shard_id):
        campaign = fold.campaigns.get(row["id"])
        if campaign is not None and campaign.leads_left != row["leads_left"]:
            campaign.leads_left = row["leads_left"]
            changes.add(("campaign", campaign.id))
    return changes


async def dialer_is_up(pool: asyncpg.Pool, shard_id: int) -> bool:
    """Whether a process holds the shard's lease."""
    return bool(await pool.fetchval(SQL["dialer_up"], shard_id))


def _campaign(row: asyncpg.Record) -> CampaignFigures:
    return CampaignFigures(
        id=row["id"],
        name=row["name"],
        state=CampaignState(row["state"]),
        state_reason=row["state_reason"],
        mode=DialMode(row["mode"]),
        ratio=row["ratio"],
        rule_set=row["rule_set"],
        version=row["version"],
        abandon_cap=row["abandon_cap"],
        archived=row["archived"],
        pacing=orjson.loads(row["pacing"]) if row["pacing"] else {},
    )


def _agent(row: asyncpg.Record) -> AgentFigures:
    return AgentFigures(**{**dict(row), "state": AgentState(row["state"])})


def _call(row: asyncpg.Record) -> OpenCall:
    connected_at = row["connected_at"]
    # Until the first bridge, the row's agent is the one reserved before the dial.
    agent_id = row["agent_id"] if connected_at else None
    return OpenCall(row["campaign_id"], CallState(row["state"]), agent_id, connected_at)


# --- the card ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardPhone:
    id: int
    number: str
    status: PhoneStatus


@dataclass(frozen=True, slots=True)
class CardDebt:
    external_ref: str
    creditor: str
    product: str
    balance_minor: int
    currency: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class CardDisposition:
    code: str
    label: dict[str, str]
    effect: Effect
    right_party: bool


@dataclass(frozen=True, slots=True)
class Card:
    """All that an agent sees of a call, or of the lead he previews; then what belongs to the attempt is None."""

    lead_id: int
    campaign_id: int
    campaign_name: str
    mode: DialMode
    rule_set: str
    recording_notice: RecordingNotice
    full_name: str
    external_ref: str
    language: str
    time_zone: str | None
    phones: tuple[CardPhone, ...]
    debts: tuple[CardDebt, ...]
    #: The first of `debts` is the one this call is about.
    has_debt: bool
    segment: str | None
    #: How long a call of the segment should take, talk and wrap-up.
    target_handling_s: int | None
    script_name: str | None
    #: The versions that calls hear: (id, share, number, graph).
    script_versions: tuple[tuple[int, int, int, Any], ...]
    script_language: str | None
    dispositions: tuple[CardDisposition, ...]
    attempt_id: AttemptId | None
    state: CallState | None
    number: str | None
    phone_id: int | None
    agent_id: int | None
    notice_at: datetime | None
    recording: bool
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    disposition: str | None


async def read_card(
    pool: asyncpg.Pool, *, attempt_id: str | None = None, lead_id: int | None = None
) -> Card | None:
    """The card of an attempt, or of a previewed lead; None when there is none such."""
    if lead_id is None:
        lead_id = await pool.fetchval(SQL["lead_of_attempt"], attempt_id)
    row = await pool.fetchrow(SQL["card_of_lead"], lead_id, attempt_id)
    if row is None or (attempt_id is not None and row["attempt_id"] is None):
        return None
    values = dict(row)
    return Card(
        **{
            **values,
            "mode": DialMode(row["mode"]),
            "recording_notice": RecordingNotice(row["recording_notice"]),
            "state": CallState(row["state"]) if row["state"] else None,
            "outcome": Outcome(row["outcome"]) if row["outcome"] else None,
            "script_versions": tuple(map(tuple, orjson.loads(row["script_versions"]))),
            "phones": tuple(
                CardPhone(phone, number, PhoneStatus(status))
                for phone, number, status in orjson.loads(row["phones"])
            ),
            "debts": tuple(
                CardDebt(ref, creditor, product, balance, currency, due_on and date.fromisoformat(due_on))
                for ref, creditor, product, balance, currency, due_on in orjson.loads(row["debts"])
            ),
            "dispositions": tuple(
                CardDisposition(code, label, Effect(effect), right_party)
                for code, label, effect, right_party in orjson.loads(row["dispositions"])
            ),
        }
    )
