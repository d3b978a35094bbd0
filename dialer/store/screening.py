"""What the screening of a campaign came to: its verdicts, the control sample, and the screener's own state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from dialer.domain.screening import MACHINE_DISPOSITION
from dialer.store.database import Connection

#: The settings of `ScreeningSettings` and the texts, as the table names them.
COLUMNS = (
    *("screening", "cost_ratio", "on_machine", "control_share", "connect_clock", "late_correction"),
    *("message_text", "announcement_text"),
)

_FIGURES = """
    SELECT coalesce(label, 'unknown') AS label, cause, to_agent, count(*) AS calls,
           count(*) FILTER (WHERE corrected_label IS NOT NULL) AS corrected,
           count(*) FILTER (WHERE spoken_kind = 'message') AS messages
    FROM screening_verdict
    WHERE campaign_id = $1 AND judged_at >= $2
    GROUP BY 1, 2, 3
"""
# A control call whose agent never said what he heard measures nothing; nobody sounds like special information tones.
_CONTROL = """
    SELECT count(*) FILTER (WHERE v.control AND v.label <> 'SIT' AND a.disposition IS NOT NULL) AS controls,
           count(*) FILTER (WHERE v.control AND v.label <> 'SIT' AND a.disposition <> $3) AS persons,
           count(*) FILTER (WHERE NOT v.to_agent AND v.mode = 'on' AND v.label <> 'SIT') AS ended,
           count(*) FILTER (WHERE v.to_agent AND NOT v.control AND a.outcome = 'connected'
                            AND a.disposition <> $3 AND v.corrected_label IS NULL) AS people,
           count(*) FILTER (WHERE v.to_agent AND NOT coalesce(v.control, false) AND a.disposition = $3) AS passed,
           count(*) FILTER (WHERE a.outcome = 'abandoned') AS abandoned,
           count(*) FILTER (WHERE a.outcome IN ('connected', 'abandoned', 'customer_hung_up')) AS live
    FROM screening_verdict v JOIN attempt a ON a.id = v.attempt_id
    WHERE v.campaign_id = $1 AND v.judged_at >= $2
"""
_SCREENER = """
    SELECT at, (data ->> 'up')::bool AS up, data ->> 'reason' AS reason
    FROM call_event WHERE shard_id = $1 AND type = 'ScreenerMoved' ORDER BY seq DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Control:
    """Counts of a span: `persons` of `controls` machine verdicts, tried on agents, were people; `ended` more were ended
    untried; `people` were connected as people; `passed` machines were heard by agents."""

    controls: int
    persons: int
    ended: int
    people: int
    passed: int
    abandoned: int
    live: int


async def read_figures(
    database: asyncpg.Pool | Connection, campaign_id: int, since: datetime
) -> list[dict[str, Any]]:
    """label (`unknown` without a verdict), cause, to_agent, calls, corrected, messages."""
    return [dict(row) for row in await database.fetch(_FIGURES, campaign_id, since)]


async def read_control(database: asyncpg.Pool | Connection, campaign_id: int, since: datetime) -> Control:
    row = await database.fetchrow(_CONTROL, campaign_id, since, MACHINE_DISPOSITION)
    assert row is not None
    return Control(**dict(row))


async def read_screener(
    database: asyncpg.Pool | Connection, shard_id: int
) -> tuple[bool, str | None, datetime | None]:
    """Whether it listens, why not, and since when; as the log has it."""
    row = await database.fetchrow(_SCREENER, shard_id)
    return (False, None, None) if row is None else (row["up"], row["reason"], row["at"])


async def set_screening(
    connection: Connection, campaign_id: int, changes: Mapping[str, object]
) -> asyncpg.Record | None:
    """Change some of COLUMNS (and `message_sound`), raise the version and tell the dialer. The campaign's row."""
    unknown = set(changes) - {*COLUMNS, "message_sound"}
    if unknown:
        raise ValueError(f"no settings of screening: {sorted(unknown)}")
    # Names from the tuple above only; the values are bound.
    assignments = "".join(f"{name} = ${n}, " for n, name in enumerate(changes, 2))
    row = await connection.fetchrow(
        f"UPDATE campaign SET {assignments} version = version + 1 WHERE id = $1 RETURNING *",  # noqa: S608
        campaign_id,
        *changes.values(),
    )
    await connection.execute("SELECT pg_notify('cadencia_campaign', $1)", str(campaign_id))
    return row
