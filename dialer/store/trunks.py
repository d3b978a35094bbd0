"""Carriers as the dialer uses them. Every change is told to the running dialers, which take it over at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialer.domain.errors import BadInput
from dialer.domain.values import PhoneNumber
from dialer.store.caller_ids import tell_campaigns
from dialer.store.database import Connection


@dataclass(frozen=True, slots=True)
class TrunkRow:
    """A trunk as stored. `enabled` is what people say; `fault` why the dialer has put it out of service."""

    id: int
    name: str
    position: int
    calls_per_second: float
    channels: int
    caller_ids: tuple[str, ...]
    enabled: bool
    early_media: bool
    fault: str | None
    faulted_at: datetime | None


async def list_trunks(connection: Connection) -> list[TrunkRow]:
    """All of them, in failover order."""
    rows = await connection.fetch("SELECT * FROM trunk ORDER BY position, id")
    return [TrunkRow(**{**dict(row), "caller_ids": tuple(row["caller_ids"])}) for row in rows]


async def ensure_trunk(
    connection: Connection,
    name: str,
    *,
    position: int | None = None,
    calls_per_second: float | None = None,
    channels: int | None = None,
    caller_ids: Sequence[str] | None = None,
    enabled: bool | None = None,
    early_media: bool | None = None,
    new: bool = False,
) -> int:
    """A carrier: `name` is its PJSIP endpoint, `position` its place in the failover order (a new one's is the last),
    `early_media`: what it sends before the answer is heard.

    What is None stays as it is; a new trunk needs its caller ids and limits. `new`: it must not be there yet.
    Raises BadInput on a caller id that is not E.164, on no caller id, and on limits below one.
    """
    for caller_id in caller_ids or ():
        try:
            PhoneNumber(caller_id)
        except ValueError:
            raise BadInput(
                f"trunk {name!r}: caller id {caller_id!r} is not E.164 (+ and 8 to 15 digits)"
            ) from None
    if (calls_per_second is not None and not 0 < calls_per_second < float("inf")) or (
        channels is not None and channels < 1
    ):
        raise BadInput(f"trunk {name!r}: calls per second and channels must be above zero")
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and len(name) <= 40):
        raise BadInput(f"trunk {name!r}: use up to 40 letters, digits, - and _ (a PJSIP endpoint's name)")
    wanted: dict[str, Any] = {
        "position": position,
        "calls_per_second": calls_per_second,
        "channels": channels,
        "caller_ids": list(caller_ids) if caller_ids else None,
        "enabled": enabled,
        "early_media": early_media,
    }
    async with connection.transaction():
        found = await connection.fetchval("SELECT id FROM trunk WHERE name = $1 FOR UPDATE", name)
        if new and found is not None:
            raise BadInput(f"there is a trunk {name!r} already: change it with `dialer trunk set`")
        if found is None:
            found = await _insert(connection, name, wanted)
        else:
            await connection.execute(
                "UPDATE trunk SET position = coalesce($2, position), channels = coalesce($4, channels),"
                " calls_per_second = coalesce($3, calls_per_second), caller_ids = coalesce($5, caller_ids),"
                " enabled = coalesce($6, enabled), early_media = coalesce($7, early_media),"
                " fault = CASE WHEN $6 THEN NULL ELSE fault END, "
                " faulted_at = CASE WHEN $6 THEN NULL ELSE faulted_at END WHERE id = $1",
                found,
                *wanted.values(),
            )
        await _tell(connection, name)
    return int(found)


#: What a new trunk can't do without, and the option that says it.
_NEEDED = {
    "caller_ids": "--caller-id",
    "calls_per_second": "--calls-per-second",
    "channels": "--channels",
}


async def _insert(connection: Connection, name: str, wanted: dict[str, Any]) -> int:
    if missing := [option for column, option in _NEEDED.items() if wanted[column] is None]:
        raise BadInput(f"trunk {name!r} is new: it needs {', '.join(missing)}")
    found: int = await connection.fetchval(
        "INSERT INTO trunk (name, position, calls_per_second, channels, caller_ids, enabled, early_media) VALUES ($1,"
        " coalesce($2, (SELECT coalesce(max(position), -1) + 1 FROM trunk)), $3, $4, $5, coalesce($6, true),"
        " coalesce($7, false))"
        " RETURNING id",
        name,
        *wanted.values(),
    )
    return found


async def put_into_service(connection: Connection, name: str, *, enabled: bool) -> None:
    """Use a trunk, or no longer. Back in service it has no fault: its carrier is tried again. Raises BadInput."""
    async with connection.transaction():
        changed = await connection.execute(
            "UPDATE trunk SET enabled = $2, fault = CASE WHEN NOT $2 THEN fault END,"
            " faulted_at = CASE WHEN NOT $2 THEN faulted_at END WHERE name = $1",
            name,
            enabled,
        )
        if changed == "UPDATE 0":
            raise BadInput(f"there is no trunk {name!r}: see `dialer trunk list`")
        await _tell(connection, name)


async def _tell(connection: Connection, name: str) -> None:
    await connection.execute("SELECT pg_notify('cadencia_trunk', $1)", name)
    await tell_campaigns(connection)  # what their rules ask of the numbers shown
