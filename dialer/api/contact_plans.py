"""A campaign's contact plan: how often, and when, its leads are tried."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Response
from pydantic import Field

from dialer.api.auth import Database, Supervisor
from dialer.api.campaigns import lock_campaign
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import RowId
from dialer.api.versions import etag
from dialer.api.wire import Wire
from dialer.domain.contact_plan import MAX_DAYS, MAX_DELAY, MAX_TRIES, USUAL, ContactPlan, read_plan
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Outcome
from dialer.store.contact_plans import read_contact_plan, save_contact_plan
from dialer.store.database import Connection

log = structlog.get_logger()

router = APIRouter(prefix="/campaigns", tags=["contact plans"])

Tries = Annotated[int, Field(ge=0, le=MAX_TRIES)]


class RetryRule(Wire):
    """After an outcome: rest, and tries in a row on a number; `next_phone`: then another number of the person's."""

    delay_s: int = Field(ge=0, le=int(MAX_DELAY.total_seconds()))
    max_tries: Tries
    next_phone: bool


class PlanQuota(Wire):
    """Tries of a lead in all, over so many days from the first, a day, and in its morning, afternoon and evening."""

    tries: int = Field(ge=1, le=MAX_TRIES)
    days: int = Field(ge=1, le=MAX_DAYS)
    per_day: int = Field(ge=1, le=MAX_TRIES)
    parts: list[Tries] = Field(min_length=3, max_length=3)


class PlanSettings(Wire):
    """A plan as it is written; outcomes that `rules` leaves out are as usual."""

    quota: PlanQuota | None
    max_attempts: int = Field(ge=1, le=MAX_TRIES)
    rules: dict[Outcome, RetryRule]


class ContactPlanView(PlanSettings):
    """A campaign's plan with the rule of every outcome; `usual`: it has none of its own."""

    usual: bool
    version: int


@router.get("/{id}/contact-plan")
async def read_campaign_plan(
    id: RowId, user: Supervisor, response: Response, pool: Database
) -> ContactPlanView:
    """The campaign's plan; its ETag is what a change sends back as If-Match."""
    async with pool.acquire() as connection:
        return await _show(connection, id, response)


@router.put("/{id}/contact-plan")
async def put_campaign_plan(
    id: RowId,
    wanted: PlanSettings,
    user: Supervisor,
    response: Response,
    pool: Database,
    if_match: Annotated[str | None, Header()] = None,
) -> ContactPlanView:
    """Give the campaign of the version named by If-Match this plan; a running dialer takes it over."""
    try:
        plan = read_plan(wanted.model_dump(mode="json"))
    except BadInput as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_plan", str(error)) from error
    async with pool.acquire() as connection, connection.transaction():
        await lock_campaign(connection, id, if_match)
        if plan.as_json() != (await read_contact_plan(connection, id)).as_json():
            await save_contact_plan(connection, id, plan)
            log.info("contact_plan_changed", user_id=user.me.id, campaign_id=id)
        return await _show(connection, id, response)


async def _show(connection: Connection, campaign_id: int, response: Response) -> ContactPlanView:
    version = await connection.fetchval("SELECT version FROM campaign WHERE id = $1", campaign_id)
    if version is None:
        raise not_found("campaign", campaign_id)
    plan: ContactPlan = await read_contact_plan(connection, campaign_id)
    response.headers["ETag"] = etag(version)
    return ContactPlanView(
        quota=None
        if plan.quota is None
        else PlanQuota(
            tries=plan.quota.tries,
            days=plan.quota.days,
            per_day=plan.quota.per_day,
            parts=list(plan.quota.parts),
        ),
        max_attempts=plan.max_attempts,
        rules={
            outcome: RetryRule(
                delay_s=int(rule.delay.total_seconds()),
                max_tries=rule.max_tries,
                next_phone=rule.next_phone,
            )
            for outcome, rule in plan.rules.items()
        },
        usual=plan.as_json() == USUAL.as_json(),
        version=version,
    )
