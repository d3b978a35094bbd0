"""Why a lead is, or is not, called: the first thing in the way, its norm, and when it clears."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from dialer.api.auth import Database, Supervisor
from dialer.api.problems import not_found
from dialer.api.schemas import RowId
from dialer.compliance import Deny
from dialer.compliance.preset import sources
from dialer.portfolio.callability import explain_campaign, explain_lead

router = APIRouter(tags=["callability"])

#: Due leads that a question of the screen has judged: some tenths of a second.
JUDGED = 1000


class CitedSource(BaseModel):
    """Where a rule was read."""

    id: str
    ref: str
    url: str


class PhoneCallability(BaseModel):
    """The law's word on one of the person's numbers."""

    phone_id: int
    number: str
    callable: bool
    rule: str | None
    clears_at: datetime | None


class LeadCallability(BaseModel):
    """Whether a lead would be called now; `rule` is the first thing in the way, `clears_at` null = not by waiting."""

    lead_id: int
    campaign: str
    state: str
    callable: bool
    rule: str | None
    norm: str | None
    confidence: str | None
    sources: list[CitedSource]
    clears_at: datetime | None
    rule_set: str
    rule_set_version: str
    phones: list[PhoneCallability]


class ReasonCount(BaseModel):
    """Leads that one reason holds back."""

    reason: str
    leads: int


class LawCount(ReasonCount):
    """Due leads by the law's word; of a rule also the norm, and when it lets the first of them go (null: never)."""

    norm: str | None
    sources: list[CitedSource]
    clears_at: datetime | None


class CampaignObstacles(BaseModel):
    """A campaign's leads by what holds them back. Of the `due` ones the law was asked for `judged`."""

    due: int
    judged: int
    law: list[LawCount]
    not_due: list[ReasonCount]


@router.get("/leads/{id}/callability")
async def read_lead_callability(id: RowId, user: Supervisor, pool: Database) -> LeadCallability:
    """What stands between a lead and its next call."""
    async with pool.acquire() as connection:
        found = await explain_lead(connection, id, datetime.now(UTC))
    if found is None:
        raise not_found("lead", id)
    return LeadCallability(
        lead_id=found.lead_id,
        campaign=found.campaign,
        state=found.state,
        callable=found.rule is None,
        rule=found.rule,
        norm=found.norm or None,
        confidence=found.conf or None,
        sources=cite(found.src),
        clears_at=found.clears_at,
        rule_set=found.rule_set,
        rule_set_version=found.version,
        phones=[
            PhoneCallability(
                phone_id=phone.phone_id,
                number=phone.number,
                callable=phone.denial is None,
                rule=phone.denial.rule if phone.denial else None,
                clears_at=phone.denial.until if phone.denial else None,
            )
            for phone in found.phones
        ],
    )


@router.get("/campaigns/{id}/callability")
async def read_campaign_obstacles(id: RowId, user: Supervisor, pool: Database) -> CampaignObstacles:
    """Counts per reason why the campaign's leads are not called now."""
    async with pool.acquire() as connection:
        if await connection.fetchval("SELECT id FROM campaign WHERE id = $1", id) is None:
            raise not_found("campaign", id)
        found = await explain_campaign(connection, id, datetime.now(UTC), JUDGED)
    return CampaignObstacles(
        due=found.due,
        judged=found.judged,
        law=[_count(reason, count, found.denials.get(reason)) for reason, count in found.law.items()],
        not_due=[ReasonCount(reason=reason, leads=count) for reason, count in found.states.items()],
    )


def _count(reason: str, leads: int, denial: Deny | None) -> LawCount:
    return LawCount(
        reason=reason,
        leads=leads,
        norm=denial.norm or None if denial else None,
        sources=cite(denial.src) if denial else [],
        clears_at=denial.until if denial else None,
    )


def cite(src: Iterable[str]) -> list[CitedSource]:
    """Where these sources can be read; an overlay is its own."""
    known = sources()
    return [
        CitedSource(id=each, ref=known[each].ref, url=known[each].url)
        if each in known
        else CitedSource(id=each, ref=each, url="")
        for each in src
    ]
