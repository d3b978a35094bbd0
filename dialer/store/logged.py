"""Reads a stretch of a campaign's past from its log (`domain.logged.Stretch`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import orjson

from dialer.domain.agent import AgentState
from dialer.domain.campaign import CampaignState
from dialer.domain.errors import BadInput
from dialer.domain.logged import AgentMove, Heard, LoggedCall, Stretch, spells_of
from dialer.domain.outcomes import Outcome
from dialer.domain.screening import OUTCOMES, Label
from dialer.domain.values import Trunk
from dialer.store.database import Connection
from dialer.store.queries import SQL, read_statements
from dialer.store.shard_state import campaign_of
from dialer.store.staffing import staffing_of

_SQL = read_statements(Path(__file__).with_name("logged.sql"))

#: An agent's state at the begin is what he was last moved to, looked for so far back.
LOOK_BACK = timedelta(hours=24)
_DRY = ("leads", "law")


async def load_stretch(connection: Connection, campaign_id: int, begin: datetime, end: datetime) -> Stretch:
    """Calls planned, and agents at work, from `begin` to `end`. Raises BadInput for no such campaign."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        group_id = await connection.fetchval("SELECT agent_group_id FROM campaign WHERE id = $1", campaign_id)
        if group_id is None:
            raise BadInput(f"there is no campaign {campaign_id}")
        campaigns = [campaign_of(row) for row in await connection.fetch(SQL["campaigns_of_group"], group_id)]
        calls = await connection.fetch(_SQL["calls"], campaign_id, begin, end)
        moves = await connection.fetch(
            _SQL["agent_moves"], group_id, begin, end, begin - LOOK_BACK, campaign_id
        )
        news = await connection.fetch(_SQL["campaign_news"], group_id, campaign_id, begin, end)
        trunks = await connection.fetch(SQL["trunks"])
        staffing = await staffing_of(connection, group_id, begin, end)
    states, dry = _read_news(news, begin)
    return Stretch(
        campaign=next(c for c in campaigns if c.id == campaign_id),
        begin=begin,
        end=end,
        calls=tuple(
            LoggedCall(
                row["planned_at"],
                Outcome(row["outcome"]),
                row["ended_s"],
                row["answered_s"],
                row["connected_s"],
                row["agent_id"],
                _heard(row),
            )
            for row in calls
        ),
        spells=spells_of(
            (AgentMove(r["agent_id"], r["at"], AgentState(r["state"]), r["elsewhere"]) for r in moves),
            begin,
            end,
        ),
        states=states,
        dry=dry,
        trunks=tuple(Trunk(**{**dict(row), "caller_ids": tuple(row["caller_ids"])}) for row in trunks),
        staffing=staffing,
    )


def _heard(row: asyncpg.Record) -> Heard | None:
    if row["heard_s"] is None:
        return None
    label = None if row["label"] is None else Label(row["label"])
    if row["to_agent"] and label in OUTCOMES:
        label = None  # a machine by the verdict that went to an agent all the same: the control sample
    return Heard(row["heard_s"], label, row["cause"] or "", row["greeting_end_s"])


def _read_news(
    news: list[asyncpg.Record], begin: datetime
) -> tuple[tuple[tuple[datetime, CampaignState], ...], tuple[tuple[datetime, bool], ...]]:
    states: list[tuple[datetime, CampaignState]] = []
    dry: list[tuple[datetime, bool]] = []
    for row in news:
        data = orjson.loads(row["data"])
        at = max(begin, row["at"])
        if row["type"] == "CampaignMoved":
            states.append((at, CampaignState(data["state"])))
        else:
            now_dry = data["explain"].get("limit") in _DRY
            if not dry or dry[-1][1] != now_dry:
                dry.append((at, now_dry))
    return tuple(states), tuple(dry)
