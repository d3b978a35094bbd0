"""What a starting shard reads: its summary rows as the values the engine works with."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import orjson

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import Campaign, CampaignState, DialMode, RecordingNotice
from dialer.domain.outcomes import Effect, LeadState
from dialer.domain.values import Attempt, AttemptId, ClaimedLead, LegId, PhoneNumber, Trunk, Verdict
from dialer.ports import (
    OpenAttempt,
    ShardState,
    StoredAgent,
    StoredDisposition,
    Tally,
    UnfinishedCall,
)
from dialer.store.database import Connection
from dialer.store.leads import lead_of
from dialer.store.queries import SQL

#: The abandon rate's window as the engine starts with it.
TALLY_WINDOW = timedelta(hours=24)


async def dispositions(connection: Connection, shard_id: int) -> tuple[StoredDisposition, ...]:
    """Those of all the group's campaigns."""
    rows = await connection.fetch(SQL["dispositions_of_group"], shard_id)
    return tuple(StoredDisposition(row["campaign_id"], row["code"], Effect(row["effect"])) for row in rows)


async def load(connection: Connection, shard_id: int, fence: int, now: datetime) -> ShardState:
    """The whole state at one instant. Calls still open are in `open_attempts`, not in the tallies."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        campaigns = await connection.fetch(SQL["campaigns_of_group"], shard_id)
        trunks = await connection.fetch(SQL["trunks"])
        agents = await connection.fetch(SQL["agents_of_group"], shard_id)
        said = await dispositions(connection, shard_id)
        opened = await connection.fetch(SQL["open_attempts"], shard_id)
        unfinished = await connection.fetch(SQL["unfinished_attempts"], shard_id)
        tallies = await connection.fetch(SQL["tallies"], shard_id, now - TALLY_WINDOW)
        lead_ids = [row["lead_id"] for row in (*opened, *unfinished)]
        leads: dict[int, ClaimedLead] = {
            row["id"]: lead_of(row, now, LeadState(row["state"]))
            for row in await connection.fetch(SQL["read_leads"], lead_ids)
        }
    return ShardState(
        fence=fence,
        campaigns=tuple(map(campaign_of, campaigns)),
        trunks=tuple(Trunk(**{**dict(row), "caller_ids": tuple(row["caller_ids"])}) for row in trunks),
        agents=tuple(map(_agent_of, agents)),
        dispositions=said,
        open_attempts=tuple(
            OpenAttempt(
                attempt=attempt_of(row),
                lead=leads[row["lead_id"]],
                state=CallState(row["state"]),
                answered_at=row["answered_at"],
                connected_at=row["connected_at"],
                agent_id=row["agent_id"],
                notice_given=row["notice_at"] is not None,
            )
            for row in opened
        ),
        unfinished=tuple(
            UnfinishedCall(attempt_of(row), leads[row["lead_id"]], row["agent_id"]) for row in unfinished
        ),
        tallies=tuple(Tally(row["campaign_id"], row["live_answers"], row["abandoned"]) for row in tallies),
    )


def campaign_of(row: asyncpg.Record) -> Campaign:
    """A row of `campaigns_of_group`."""
    return Campaign(
        **{
            **dict(row),
            "state": CampaignState(row["state"]),
            "mode": DialMode(row["mode"]),
            "recording_notice": RecordingNotice(row["recording_notice"]),
        }
    )


def attempt_of(row: asyncpg.Record) -> Attempt:
    """A row of the table `attempt`, as it was planned."""
    verdict = orjson.loads(row["verdict"])
    return Attempt(
        id=AttemptId(row["id"]),
        campaign_id=row["campaign_id"],
        lead_id=row["lead_id"],
        person_id=row["person_id"],
        phone_id=row["phone_id"],
        n=row["n"],
        mode=DialMode(row["mode"]),
        number=PhoneNumber(row["number"]),
        trunk=row["trunk"],
        caller_id=row["caller_id"],
        verdict=Verdict(verdict["rule_set"], verdict["version"], tuple(verdict["checked"])),
        planned_at=row["planned_at"],
        ring_timeout_s=row["ring_timeout_s"],
        connect_limit_s=row["connect_limit_s"],
        language=row["language"],
        agent_id=row["agent_id"],
    )


def _agent_of(row: asyncpg.Record) -> StoredAgent:
    return StoredAgent(
        id=row["id"],
        name=row["name"],
        sip_user=f"agent-{row['id']}",
        state=AgentState(row["state"]),
        reason=row["reason"],
        since=row["since"],
        leg_id=None if row["leg_id"] is None else LegId(row["leg_id"]),
        attempt_id=None if row["attempt_id"] is None else AttemptId(row["attempt_id"]),
        after_wrap_up=row["after_wrap_up"],
    )
