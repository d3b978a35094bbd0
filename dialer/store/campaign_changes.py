"""Changes of a campaign's settings, with who, when, from what to what, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson

from dialer.compliance import RuleSet
from dialer.compliance.duties import Terms, demand, settings_breaches
from dialer.compliance.overlays import rules_of
from dialer.domain.campaign import AbandonWindow, DialMode, RecordingNotice
from dialer.domain.logged import Figures, figures_of
from dialer.store.database import Connection
from dialer.store.logged import load_stretch
from dialer.store.shard_state import read_campaign

#: What may be changed of a campaign that is there.
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
    """Write these settings (names of SETTINGS) over the locked `row` of the campaign, log it, tell the dialer.

    In the caller's transaction; the new row. The same values again change nothing. Raises BadInput when the campaign's
    rule set forbids one.
    """
    after = {name: wanted[name] for name in SETTINGS if name in wanted and wanted[name] != row[name]}
    campaign_id = row["id"]
    if after:
        rules = rules_of(await read_campaign(connection, campaign_id))
        check_settings(rules, {**row, **after}, before=row)
        assigned = ", ".join(f"{name} = ${n}" for n, name in enumerate(after, start=2))
        await connection.execute(
            f"UPDATE campaign SET {assigned}, version = version + 1 WHERE id = $1",  # noqa: S608 (names of SETTINGS)
            campaign_id,
            *after.values(),
        )
        await connection.execute(
            "INSERT INTO campaign_change (campaign_id, user_id, at, before, after, undoes_id)"
            " VALUES ($1, $2, now(), $3::text::jsonb, $4::text::jsonb, $5)",
            campaign_id,
            user_id,
            orjson.dumps({name: row[name] for name in after}).decode(),
            orjson.dumps(after).decode(),
            undoes_id,
        )
        await connection.execute("SELECT pg_notify('cadencia_campaign', $1)", str(campaign_id))
    found = await connection.fetchrow("SELECT * FROM campaign WHERE id = $1", campaign_id)
    assert found is not None
    return found


#: A campaign's row, or what is to become one.
Settings = Mapping[str, Any] | asyncpg.Record


def check_settings(rules: RuleSet, row: Settings, before: Settings | None = None) -> None:
    """Raises BadInput, naming the norm, when these rules forbid the figures of a campaign's row.

    What was wrong `before` in the same way keeps nobody from changing something else.
    """
    known = settings_breaches(rules, _terms(before)) if before is not None else []
    demand([found for found in settings_breaches(rules, _terms(row)) if found not in known], rules)


def _terms(row: Settings) -> Terms:
    return Terms(
        mode=DialMode(row["mode"]),
        ring_timeout_s=row["ring_timeout_s"],
        abandon_cap=row["abandon_cap"],
        abandon_window=AbandonWindow(row["abandon_window"]),
        connect_limit_s=row["connect_limit_s"],
        recording_notice=RecordingNotice(row["recording_notice"]),
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
