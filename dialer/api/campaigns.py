"""Campaigns: their settings, and starting, pausing and stopping them."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Annotated, Literal

import asyncpg
import orjson
import structlog
from fastapi import APIRouter, Header, Response

from dialer.api.auth import CampaignReader, Database, Supervisor, User
from dialer.api.intents import store_intent
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import (
    INTENT_KEY,
    CampaignPatch,
    CampaignView,
    DispositionView,
    IntentAccepted,
    RowId,
)

log = structlog.get_logger()

router = APIRouter(prefix="/campaigns", tags=["campaigns"])

IdempotencyKey = Annotated[str | None, Header(min_length=8, max_length=64, pattern=INTENT_KEY)]


@router.get("")
async def list_campaigns(user: CampaignReader, pool: Database) -> list[CampaignView]:
    """All campaigns, by name; for agents, those of their group."""
    rows = await pool.fetch(
        "SELECT * FROM campaign WHERE $1::bigint IS NULL OR agent_group_id = $1 ORDER BY name",
        user.only_group_id,
    )
    return [_view(row) for row in rows]


@router.get("/{id}")
async def read_campaign(id: RowId, user: CampaignReader, response: Response, pool: Database) -> CampaignView:
    """One campaign; its ETag is what a change sends back as If-Match."""
    campaign = await _find(pool, user, id)
    response.headers["ETag"] = _etag(campaign.version)
    return campaign


@router.patch("/{id}")
async def patch_campaign(
    id: RowId,
    patch: CampaignPatch,
    user: Supervisor,
    response: Response,
    pool: Database,
    if_match: Annotated[str | None, Header()] = None,
) -> CampaignView:
    """Change settings of the version named by If-Match (its number, quoted or not); the dialer takes them over."""
    if if_match is None:
        raise ProblemError(
            HTTPStatus.PRECONDITION_REQUIRED,
            "if_match_missing",
            "send If-Match: <version> of the settings you saw",
        )
    changed = patch.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow("SELECT * FROM campaign WHERE id = $1 FOR UPDATE", id)
        if row is None:
            raise not_found("campaign", id)
        campaign = _view(row)
        if if_match.strip().strip('"') != str(campaign.version):
            raise ProblemError(
                HTTPStatus.PRECONDITION_FAILED,
                "version_mismatch",
                f"somebody changed the campaign meanwhile; it is at version {campaign.version}: read it again",
                {"ETag": _etag(campaign.version)},
            )
        if changed:
            row = await connection.fetchrow(
                """
                UPDATE campaign SET
                    mode = coalesce($2, mode),
                    ratio = coalesce($3, ratio),
                    max_lines_per_agent = coalesce($4, max_lines_per_agent),
                    abandon_cap = coalesce($5, abandon_cap),
                    ring_timeout_s = coalesce($6, ring_timeout_s),
                    wrap_up_s = coalesce($7, wrap_up_s),
                    recording_notice = coalesce($8, recording_notice),
                    version = version + 1
                WHERE id = $1
                RETURNING *
                """,
                id,
                changed.get("mode"),
                changed.get("ratio"),
                changed.get("max_lines_per_agent"),
                changed.get("abandon_cap"),
                changed.get("ring_timeout_s"),
                changed.get("wrap_up_s"),
                changed.get("recording_notice"),
            )
            assert row is not None
            campaign = _view(row)
            await connection.execute("SELECT pg_notify('cadencia_campaign', $1)", str(id))
            log.info(
                "campaign_changed", user_id=user.me.id, campaign_id=id, version=campaign.version, **changed
            )
    response.headers["ETag"] = _etag(campaign.version)
    return campaign


@router.post("/{id}/start", status_code=HTTPStatus.ACCEPTED)
async def start_campaign(
    id: RowId, user: Supervisor, pool: Database, idempotency_key: IdempotencyKey = None
) -> IntentAccepted:
    """Ask the dialer to start dialling."""
    return await _ask(pool, user, id, "start_campaign", idempotency_key)


@router.post("/{id}/pause", status_code=HTTPStatus.ACCEPTED)
async def pause_campaign(
    id: RowId, user: Supervisor, pool: Database, idempotency_key: IdempotencyKey = None
) -> IntentAccepted:
    """Ask the dialer to dial nobody new; calls go on. Also the way out of `halted`."""
    return await _ask(pool, user, id, "pause_campaign", idempotency_key)


@router.post("/{id}/stop", status_code=HTTPStatus.ACCEPTED)
async def stop_campaign(
    id: RowId, user: Supervisor, pool: Database, idempotency_key: IdempotencyKey = None
) -> IntentAccepted:
    """Ask the dialer to let the calls end and close the campaign."""
    return await _ask(pool, user, id, "stop_campaign", idempotency_key)


@router.get("/{id}/dispositions")
async def list_dispositions(id: RowId, user: CampaignReader, pool: Database) -> list[DispositionView]:
    """The results an agent can choose from, in their order."""
    await _find(pool, user, id)
    return await read_dispositions(pool, id)


async def read_dispositions(pool: asyncpg.Pool, campaign_id: int) -> list[DispositionView]:
    rows = await pool.fetch(
        "SELECT code, label, effect, right_party FROM disposition WHERE campaign_id = $1 ORDER BY position, id",
        campaign_id,
    )
    return [DispositionView(**{**row, "label": orjson.loads(row["label"])}) for row in rows]


async def _ask(
    pool: asyncpg.Pool,
    user: User,
    campaign_id: int,
    type_: Literal["start_campaign", "pause_campaign", "stop_campaign"],
    key: str | None,
) -> IntentAccepted:
    campaign = await _find(pool, user, campaign_id)
    log.info(type_, user_id=user.me.id, campaign_id=campaign_id)
    return await store_intent(
        pool,
        shard_id=campaign.agent_group_id,
        user_id=user.me.id,
        key=key or secrets.token_urlsafe(16),
        type_=type_,
        data={"campaign_id": campaign_id},
    )


async def _find(pool: asyncpg.Pool, user: User, id_: int) -> CampaignView:
    row = await pool.fetchrow(
        "SELECT * FROM campaign WHERE id = $1 AND ($2::bigint IS NULL OR agent_group_id = $2)",
        id_,
        user.only_group_id,
    )
    if row is None:
        raise not_found("campaign", id_)
    return _view(row)


def _view(row: asyncpg.Record) -> CampaignView:
    return CampaignView(**{name: row[name] for name in CampaignView.model_fields})


def _etag(version: int) -> str:
    return f'"{version}"'
