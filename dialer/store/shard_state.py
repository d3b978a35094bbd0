"""What a starting shard reads: its summary rows as the values the engine works with."""

from __future__ import annotations

from datetime import date, datetime

import asyncpg
import orjson

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import (
    AbandonWindow,
    Campaign,
    CampaignState,
    DialMode,
    LocalHoliday,
    Overlay,
    PacingPolicy,
    RecordingNotice,
    ShownNumber,
)
from dialer.domain.contact_plan import read_plan
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Effect
from dialer.domain.screening import (
    MACHINE_DISPOSITION,
    ConnectClock,
    OnMachine,
    Screening,
    ScreeningSettings,
)
from dialer.domain.values import AttemptId, ClaimedLead, LegId, Trunk
from dialer.ports import (
    OpenAttempt,
    ShardState,
    StoredAgent,
    StoredDisposition,
    Tally,
    UnfinishedCall,
)
from dialer.store import pacing_log
from dialer.store.database import Connection
from dialer.store.lead_cards import read_leads
from dialer.store.pacing_log import attempt_of
from dialer.store.queries import SQL


async def dispositions(connection: Connection, shard_id: int) -> tuple[StoredDisposition, ...]:
    """Those of all the group's campaigns."""
    rows = await connection.fetch(SQL["dispositions_of_group"], shard_id)
    return tuple(StoredDisposition(row["campaign_id"], row["code"], Effect(row["effect"])) for row in rows)


async def read_campaign(connection: Connection, campaign_id: int) -> Campaign:
    """A campaign's settings as the dialer would take them over now. Raises BadInput when there is none."""
    group_id = await connection.fetchval("SELECT agent_group_id FROM campaign WHERE id = $1", campaign_id)
    for row in await connection.fetch(SQL["campaigns_of_group"], group_id):
        if row["id"] == campaign_id:
            return campaign_of(row)
    raise BadInput(f"there is no campaign {campaign_id}")


async def read_trunks(connection: Connection) -> tuple[Trunk, ...]:
    """Those that people have put into service, in failover order."""
    rows = await connection.fetch(SQL["trunks"])
    return tuple(Trunk(**{**dict(row), "caller_ids": tuple(row["caller_ids"])}) for row in rows)


async def load(connection: Connection, shard_id: int, fence: int, now: datetime) -> ShardState:
    """The whole state at one instant. Calls still open are in `open_attempts`, not in the tallies."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        campaigns = await connection.fetch(SQL["campaigns_of_group"], shard_id)
        trunks = await read_trunks(connection)
        agents = await connection.fetch(SQL["agents_of_group"], shard_id)
        said = await dispositions(connection, shard_id)
        opened = await connection.fetch(SQL["open_attempts"], shard_id)
        unfinished = await connection.fetch(SQL["unfinished_attempts"], shard_id)
        tallies = await connection.fetch(SQL["tallies"], shard_id, MACHINE_DISPOSITION)
        kept = await pacing_log.load_kept(connection, shard_id)
        lead_ids = [row["lead_id"] for row in (*opened, *unfinished)]
        leads: dict[int, ClaimedLead] = {
            card.lead.id: card.lead for card in await read_leads(connection, lead_ids, now)
        }
    return ShardState(
        fence=fence,
        campaigns=tuple(map(campaign_of, campaigns)),
        trunks=trunks,
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
        tallies=tuple(Tally(**row) for row in tallies),
        pacing=kept,
    )


def campaign_of(row: asyncpg.Record) -> Campaign:
    """A row of `campaigns_of_group`."""
    values = dict(row)
    screening = ScreeningSettings(
        mode=Screening(values.pop("screening")),
        cost_ratio=values.pop("cost_ratio"),
        on_machine=OnMachine(values.pop("on_machine")),
        control_share=values.pop("control_share"),
        clock=ConnectClock(values.pop("connect_clock")),
        late_correction=values.pop("late_correction"),
    )
    stored = values.pop("contact_plan")
    return Campaign(
        **{
            **values,
            "plan": read_plan(None if stored is None else orjson.loads(stored)),
            "screening": screening,
            "approvals": frozenset(row["approvals"]),
            "overlays": tuple(Overlay(*said) for said in orjson.loads(row["overlays"])),
            "local_holidays": tuple(
                LocalHoliday(date.fromisoformat(day), place, city)
                for day, place, city in orjson.loads(row["local_holidays"])
            ),
            "shown": tuple(ShownNumber(*said) for said in orjson.loads(row["shown"])),
            "state": CampaignState(row["state"]),
            "mode": DialMode(row["mode"]),
            "recording_notice": RecordingNotice(row["recording_notice"]),
            "policy": PacingPolicy(row["policy"]),
            "abandon_window": AbandonWindow(row["abandon_window"]),
        }
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
