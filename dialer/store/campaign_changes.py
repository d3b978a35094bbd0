"""Changes of a campaign's settings, with who, when, from what to what, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson

from dialer.domain.campaign import CampaignState
from dialer.domain.errors import BadInput, Refused
from dialer.domain.logged import Figures, figures_of
from dialer.store.campaigns import check_campaign, check_language, check_name
from dialer.store.database import Connection
from dialer.store.logged import load_stretch
from dialer.store.shard_state import read_campaign

#: How it dials: may be changed at any time.
SETTINGS = (
    "mode",
    "policy",
    "ratio",
    "max_lines_per_agent",
    "abandon_cap",
    "abandon_window",
    "connect_limit_s",
    "ring_timeout_s",
    "wrap_up_s",
    "recording_notice",
    "priority",
    "share",
)
#: All that may be changed of a campaign: besides how it dials, what it is.
SETUP = (
    *SETTINGS,
    *("name", "agent_group_id", "language", "rule_set", "archived"),
    *("screening", "on_machine", "message_text", "abandoned_text"),
)
_STANDS = frozenset({CampaignState.DRAFT, CampaignState.PAUSED, CampaignState.CLOSED, CampaignState.HALTED})
#: What may be changed in some states only. Calls, counts and the dialer's own memory are of a group: a campaign that
#: has dialled stays in its own.
CHANGED_IN: Mapping[str, frozenset[CampaignState]] = {
    "agent_group_id": frozenset({CampaignState.DRAFT}),
    "language": _STANDS,
    "rule_set": _STANDS,
    "archived": frozenset({CampaignState.DRAFT, CampaignState.CLOSED}),
}
#: The effect of a change is read from so long before and after it, or up to the next change.
EFFECT_SPAN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One change."""

    id: int
    at: datetime
    user_name: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    undoes_id: int | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What was before and after a change, each over `minutes` at most."""

    before: Figures
    after: Figures
    minutes_before: float
    minutes_after: float


async def change_campaign(
    connection: Connection,
    row: asyncpg.Record,
    wanted: Mapping[str, Any],
    *,
    user_id: int | None,
    undoes_id: int | None = None,
) -> asyncpg.Record:
    """Write these settings (names of SETUP) over the locked `row` of the campaign, log it, tell the dialer.

    In the caller's transaction, which a refusal leaves as it was; the new row. The same values again change nothing.
    Raises BadInput when a value is wrong or the campaign's rule set forbids it, Refused when its state does.
    """
    after = {name: wanted[name] for name in SETUP if name in wanted and wanted[name] != row[name]}
    campaign_id = row["id"]
    if after:
        _check_state(row, after)
        if "name" in after:
            after["name"] = check_name("campaign", after["name"])
        if "language" in after:
            check_language(after["language"])
        async with connection.transaction():
            before = await read_campaign(connection, campaign_id)
            assigned = ", ".join(f"{name} = ${n}" for n, name in enumerate(after, start=2))
            try:
                await connection.execute(
                    f"UPDATE campaign SET {assigned}, version = version + 1 WHERE id = $1",  # noqa: S608 (names of SETUP)
                    campaign_id,
                    *after.values(),
                )
            except asyncpg.UniqueViolationError:
                raise BadInput(f"a campaign named {after['name']!r} exists: choose another name") from None
            except asyncpg.ForeignKeyViolationError:
                raise BadInput(f"agent group {after['agent_group_id']} does not exist") from None
            await check_campaign(connection, campaign_id, before)
            await log_change(
                connection,
                campaign_id,
                {name: row[name] for name in after},
                after,
                user_id=user_id,
                undoes_id=undoes_id,
            )
            await connection.execute("SELECT pg_notify('cadencia_campaign', $1)", str(campaign_id))
    found = await connection.fetchrow("SELECT * FROM campaign WHERE id = $1", campaign_id)
    assert found is not None
    return found


def _check_state(row: asyncpg.Record, after: Mapping[str, Any]) -> None:
    state = CampaignState(row["state"])
    for name in after:
        if state not in CHANGED_IN.get(name, CampaignState):
            allowed = ", ".join(sorted(CHANGED_IN[name]))
            raise Refused("wrong_state", f"its {name} can be changed while it is {allowed}; it is {state}")


async def log_change(
    connection: Connection,
    campaign_id: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    user_id: int | None,
    undoes_id: int | None = None,
) -> None:
    """Who changed what from what to what; `before` empty: he made it. `user_id` None: by command."""
    await connection.execute(
        "INSERT INTO campaign_change (campaign_id, user_id, at, before, after, undoes_id)"
        " VALUES ($1, $2, now(), $3::text::jsonb, $4::text::jsonb, $5)",
        campaign_id,
        user_id,
        orjson.dumps(before).decode(),
        orjson.dumps(after).decode(),
        undoes_id,
    )


async def list_changes(connection: Connection, campaign_id: int, *, limit: int = 50) -> list[Change]:
    """The newest first."""
    rows = await connection.fetch(
        """
        SELECT change.id, change.at, app_user.display_name AS user_name, change.before, change.after, change.undoes_id
        FROM campaign_change AS change
        LEFT JOIN app_user ON app_user.id = change.user_id
        WHERE change.campaign_id = $1
        ORDER BY change.at DESC, change.id DESC
        LIMIT $2
        """,
        campaign_id,
        limit,
    )
    return [
        Change(
            row["id"],
            row["at"],
            row["user_name"],
            orjson.loads(row["before"]),
            orjson.loads(row["after"]),
            row["undoes_id"],
        )
        for row in rows
    ]


async def read_effect(connection: Connection, campaign_id: int, change: Change, now: datetime) -> Effect:
    """What the hour before the change was like and the hour after it, neither across another change."""
    previous, following = await _neighbours(connection, campaign_id, change)
    begin = max(change.at - EFFECT_SPAN, previous or change.at - EFFECT_SPAN)
    end = min(now, change.at + EFFECT_SPAN, following or now)
    before = await load_stretch(connection, campaign_id, begin, change.at)
    after = await load_stretch(connection, campaign_id, change.at, max(end, change.at))
    return Effect(
        figures_of(before),
        figures_of(after),
        (change.at - begin).total_seconds() / 60,
        max(0.0, (end - change.at).total_seconds() / 60),
    )


async def _neighbours(
    connection: Connection, campaign_id: int, change: Change
) -> tuple[datetime | None, datetime | None]:
    row = await connection.fetchrow(
        "SELECT max(at) FILTER (WHERE at < $2) AS previous, min(at) FILTER (WHERE at > $2) AS following"
        " FROM campaign_change WHERE campaign_id = $1",
        campaign_id,
        change.at,
    )
    assert row is not None
    return row["previous"], row["following"]
