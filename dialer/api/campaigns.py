"""Campaigns: their settings, and starting, pausing and stopping them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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
from dialer.api.versions import demand_version, etag
from dialer.compliance import load_rule_set
from dialer.compliance.duties import demand, start_breaches
from dialer.domain.errors import BadInput, Refused
from dialer.store.campaign_changes import change_campaign
from dialer.store.database import Connection
from dialer.store.shard_state import read_campaign as read_campaign_settings

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
    return [show_campaign(row) for row in rows]


@router.get("/{id}")
async def read_campaign(id: RowId, user: CampaignReader, response: Response, pool: Database) -> CampaignView:
    """One campaign; its ETag is what a change sends back as If-Match."""
    campaign = await _find(pool, user, id)
    response.headers["ETag"] = etag(campaign.version)
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
    changed = patch.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    async with pool.acquire() as connection, connection.transaction():
        row = await lock_campaign(connection, id, if_match)
        before = row["version"]
        with lawful():
            row = await change_campaign(connection, row, changed, user_id=user.me.id)
    if row["version"] != before:
        log.info("campaign_changed", user_id=user.me.id, campaign_id=id, version=row["version"], **changed)
    response.headers["ETag"] = etag(row["version"])
    return show_campaign(row)


@contextmanager
def lawful(status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> Iterator[None]:
    """What a rule set forbids, as the problem `breaks_rules` that names the rule and its norm.

    What the campaign's state does not allow, as 409 `campaign_state`.
    """
    try:
        yield
    except BadInput as error:
        raise ProblemError(status, "breaks_rules", str(error)) from error
    except Refused as error:
        raise ProblemError(HTTPStatus.CONFLICT, "campaign_state", str(error)) from error


async def lock_campaign(connection: Connection, id: int, if_match: str | None) -> asyncpg.Record:
    """The campaign's row, locked, at the version named by If-Match; problems 404, 428 and 412 otherwise."""
    row = await connection.fetchrow("SELECT * FROM campaign WHERE id = $1 FOR UPDATE", id)
    if row is None:
        raise not_found("campaign", id)
    demand_version(if_match, row["version"], "campaign")
    return row


@router.post("/{id}/start", status_code=HTTPStatus.ACCEPTED)
async def start_campaign(
    id: RowId, user: Supervisor, pool: Database, idempotency_key: IdempotencyKey = None
) -> IntentAccepted:
    """Ask the dialer to start dialling; 409 `breaks_rules` tells what its rule set forbids in it."""
    await _find(pool, user, id)
    async with pool.acquire() as connection:
        campaign = await read_campaign_settings(connection, id)
    with lawful(HTTPStatus.CONFLICT):
        demand(start_breaches(campaign, datetime.now(UTC).date()), load_rule_set(campaign.rule_set))
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
    return show_campaign(row)


def show_campaign(row: asyncpg.Record) -> CampaignView:
    return CampaignView(**{name: row[name] for name in CampaignView.model_fields})
