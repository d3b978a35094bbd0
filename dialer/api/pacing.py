"""The supervisor's pacing page: the log of changes with their effect, undo, and what-if forecasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

import asyncpg
import orjson
import structlog
from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse

from dialer.api.auth import Database, Supervisor
from dialer.api.campaigns import lawful, lock_campaign, show_campaign
from dialer.api.pacing_schemas import (
    CampaignChangeView,
    ForecastFailure,
    ForecastProgress,
    ForecastRequest,
    ForecastResult,
    show_figures,
)
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import CampaignView, RowId
from dialer.api.versions import etag
from dialer.api.worker import BrokenWork, answers
from dialer.domain.evidence import Evidence, evidence_of, knobs_of
from dialer.domain.logged import trimmed
from dialer.store.campaign_changes import Change, change_campaign, list_changes, read_effect
from dialer.store.logged import load_stretch
from dialer.store.pacing_log import read_kept_policies
from dialer.store.teams import read_groups

log = structlog.get_logger()

router = APIRouter(prefix="/campaigns", tags=["campaigns"])

NDJSON = "application/x-ndjson"
#: A forecast is refined for so long besides the start of its process (its first answer aims at 5 s), and is ended
#: after that.
FORECAST_BUDGET_S, FORECAST_LIMIT_S = 12.0, 60.0
#: Forecasts at the same time: one takes all cores but one.
_AT_ONCE = asyncio.Semaphore(1)
#: Changes shown with their effect.
CHANGES_SHOWN = 12


@router.get("/{id}/changes")
async def list_campaign_changes(id: RowId, user: Supervisor, pool: Database) -> list[CampaignChangeView]:
    """The newest changes of the settings: who, when, from what to what, and what came of it."""
    async with pool.acquire() as connection:
        row = await connection.fetchrow("SELECT * FROM campaign WHERE id = $1", id)
        if row is None:
            raise not_found("campaign", id)
        changes = await list_changes(connection, id, limit=CHANGES_SHOWN)
        now = datetime.now(UTC)
        effects = [await read_effect(connection, id, change, now) for change in changes]
        groups = {group.id: group.name for group in await read_groups(connection)}
    undone = {change.undoes_id for change in changes}
    return [
        CampaignChangeView(
            id=change.id,
            at=change.at,
            user_name=change.user_name,
            before=_told(change.before, groups),
            after=_told(change.after, groups),
            undoes_id=change.undoes_id,
            undoable=change.id not in undone and _stands(row, change),
            figures_before=show_figures(effect.before, effect.minutes_before),
            figures_after=show_figures(effect.after, effect.minutes_after),
        )
        for change, effect in zip(changes, effects, strict=True)
    ]


def _told(values: dict[str, Any], groups: Mapping[int, str]) -> dict[str, Any]:
    """The values as a person reads them: an agent group by its name."""
    group = values.get("agent_group_id")
    return values if group is None else values | {"agent_group_id": groups.get(group, str(group))}


@router.post("/{id}/changes/{change_id}/undo")
async def undo_campaign_change(
    id: RowId,
    change_id: RowId,
    user: Supervisor,
    response: Response,
    pool: Database,
    if_match: Annotated[str | None, Header()] = None,
) -> CampaignView:
    """Put back what a change replaced, when the campaign still has what it set (409 `changed_since` otherwise)."""
    async with pool.acquire() as connection, connection.transaction():
        row = await lock_campaign(connection, id, if_match)
        change = next((c for c in await list_changes(connection, id, limit=500) if c.id == change_id), None)
        if change is None:
            raise not_found("change", change_id)
        if not _stands(row, change):
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "changed_since",
                "another change has come over this one: undo that first, or set the values by hand",
            )
        with lawful():
            row = await change_campaign(
                connection, row, change.before, user_id=user.me.id, undoes_id=change.id
            )
    log.info("campaign_change_undone", user_id=user.me.id, campaign_id=id, change_id=change_id)
    response.headers["ETag"] = etag(row["version"])
    return show_campaign(row)


def _stands(row: asyncpg.Record, change: Change) -> bool:
    """Whether what a change set is still so. How a campaign was made is not undone: it is put away."""
    return bool(change.before) and all(row[name] == value for name, value in change.after.items())


# --- what if ------------------------------------------------------------------------------------------------


@router.post(
    "/{id}/forecast",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {NDJSON: {"schema": {"type": "string"}}},
            "description": "Lines of ForecastLine.line",
        }
    },
)
async def forecast_campaign(
    id: RowId, request: ForecastRequest, user: Supervisor, pool: Database
) -> StreamingResponse:
    """What if? Lines of JSON: progress, then the forecast now and then, refined line by line until its share is 1.

    The simulations begin with what the campaign's pacing has learned. Closing the connection ends the work.
    """
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        if await connection.fetchval("SELECT 1 FROM campaign WHERE id = $1", id) is None:
            raise not_found("campaign", id)
        stretch = trimmed(await load_stretch(connection, id, now - timedelta(hours=request.hours), now))
        kept = await read_kept_policies(connection, stretch.campaign.agent_group_id)
    change = request.change.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    knobs = knobs_of(stretch.campaign)
    then = {**knobs, **{name: value for name, value in change.items() if name in knobs}}
    asked = {
        "evidence": evidence_of(stretch),
        "now": knobs,
        "changed": then,
        "kept": kept,
        "clock_s": now.timestamp(),
        "budget_s": FORECAST_BUDGET_S,
    }
    log.info("forecast_asked", user_id=user.me.id, campaign_id=id, **change)
    return StreamingResponse(_lines(asked), media_type=NDJSON)


async def _lines(asked: dict[str, Any]) -> AsyncIterator[bytes]:
    seen: Evidence = asked["evidence"]
    if not seen.suffices:
        detail = f"{len(seen.ended_s)} calls and {len(seen.talks_s)} talks are too few to learn from"
        yield _line(ForecastFailure(code="too_little_history", detail=detail))
        return
    yield _line(ForecastProgress(share=0.0))
    seen_by: dict[str, Any] = {
        "calls_seen": len(seen.ended_s),
        "minutes_seen": round(seen.minutes, 1),
        "agents_seen": round(seen.agents, 1),
    }
    found: ForecastResult | None = None
    async with _AT_ONCE:
        try:
            async with asyncio.timeout(FORECAST_LIMIT_S):
                async for said in answers("dialer.forecast", orjson.dumps(asked)):
                    if said.pop("kind") == "progress":
                        yield _line(ForecastProgress(**said))
                    else:
                        found = ForecastResult(**said, **seen_by)
                        yield _line(found)
        except TimeoutError:
            if found is not None:  # what was found so far is what there is
                yield _line(found.model_copy(update={"share": 1.0}))
                return
            yield _line(ForecastFailure(code="too_slow", detail=f"not done within {FORECAST_LIMIT_S:g} s"))
        except BrokenWork as error:
            log.error("forecast_failed", why=str(error))
            yield _line(
                ForecastFailure(code="broken", detail="the forecast's process ended early: see the log")
            )


def _line(message: ForecastProgress | ForecastResult | ForecastFailure) -> bytes:
    return message.model_dump_json().encode() + b"\n"
