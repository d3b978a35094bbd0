"""The campaigns' page: all campaigns with what keeps them from starting; one made, copied, changed, put away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Header, Response

from dialer.api.auth import Database, Supervisor
from dialer.api.callability import cite
from dialer.api.campaign_setup_schemas import (
    ArchiveRequest,
    BreachView,
    CampaignChecked,
    CampaignEntry,
    CampaignFields,
    CampaignParts,
    CampaignSettings,
    CampaignSetup,
    CheckRequest,
    GroupChoice,
    LawView,
    NewCampaign,
    ShownNumberView,
)
from dialer.api.campaigns import lock_campaign
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import RowId
from dialer.api.versions import etag
from dialer.compliance import load_rule_set
from dialer.compliance.breach import Breach, Fault
from dialer.compliance.duties import min_ring_s, widest_window
from dialer.compliance.preset import load_preset
from dialer.compliance.provisions import Confidence
from dialer.compliance.rule_set import rule_set_names
from dialer.domain.campaign import AbandonWindow, Campaign, DialMode, PacingPolicy, RecordingNotice
from dialer.domain.errors import BadInput, Refused
from dialer.domain.screening import OnMachine, Screening, SpokenText
from dialer.portfolio.campaign_setup import add_campaign as make_campaign
from dialer.portfolio.campaign_setup import edit_campaign, weigh, weigh_campaign
from dialer.portfolio.messages import DEFAULTS
from dialer.store.campaign_book import BookEntry, read_book, read_shown_numbers
from dialer.store.campaign_changes import CHANGED_IN
from dialer.store.database import Connection

log = structlog.get_logger()

router = APIRouter(prefix="/campaigns", tags=["campaign setup"])

#: What a new campaign's form begins with: the cautious mode, and figures that every rule set allows.
USUAL = CampaignFields(
    name="",
    agent_group="",
    language="es",
    rule_set="strict",
    mode=DialMode.PROGRESSIVE,
    policy=PacingPolicy.PREDICTIVE,
    ratio=1.5,
    max_lines_per_agent=3.0,
    abandon_cap=0.03,
    abandon_window=AbandonWindow.DAY,
    connect_limit_s=2.0,
    ring_timeout_s=25,
    wrap_up_s=60,
    recording_notice=RecordingNotice.PLAYED,
    priority=0,
    share=1.0,
    screening=Screening.OFF,
    on_machine=OnMachine.HANG_UP,
    message_text=None,
    abandoned_text=None,
)


@router.get("/parts")
async def read_campaign_parts(user: Supervisor, pool: Database) -> CampaignParts:
    """The agent groups, the rule sets with their limits, the numbers shown, and what a new form begins with."""
    own = DEFAULTS[SpokenText.MESSAGE]
    laws = await asyncio.to_thread(_laws)  # the first time all presets are read
    async with pool.acquire() as connection:
        groups = await connection.fetch(
            "SELECT name, (SELECT count(*) FROM app_user WHERE agent_group_id = agent_group.id AND role = 'agent'"
            " AND active) AS agents FROM agent_group ORDER BY name"
        )
        numbers = await read_shown_numbers(connection)
    return CampaignParts(
        groups=[GroupChoice(**dict(row)) for row in groups],
        laws=laws,
        numbers=[ShownNumberView.model_validate(number) for number in numbers],
        usual=USUAL,
        own_messages={"es": own["es"], "en": own["en"], "pt": own["pt"]},
    )


@router.get("/setups")
async def list_campaign_entries(user: Supervisor, pool: Database) -> list[CampaignEntry]:
    """All campaigns by name, those in the archive too, each with what keeps it from starting today."""
    async with pool.acquire() as connection:
        book = await read_book(connection)
    today = datetime.now(UTC).date()
    return [_entry(entry, today) for entry in book]


@router.post("/check")
async def check_campaign_settings(wanted: CheckRequest, user: Supervisor, pool: Database) -> CampaignChecked:
    """What would keep a campaign with these settings from being stored and from starting. Nothing is stored."""
    async with pool.acquire() as connection:
        for id_ in (wanted.campaign_id, wanted.copy_of):
            if id_ is not None and not await read_book(connection, id_):
                raise not_found("campaign", id_)
        with _stored():
            weighed = await weigh(
                connection,
                wanted.settings.model_dump(mode="json"),
                datetime.now(UTC).date(),
                campaign_id=wanted.campaign_id,
                copy_of=wanted.copy_of,
            )
    return CampaignChecked(
        breaches=_breaches(*weighed), rule_set_version=load_rule_set(wanted.settings.rule_set).version
    )


@router.post("", status_code=HTTPStatus.CREATED)
async def add_campaign(
    wanted: NewCampaign, user: Supervisor, response: Response, pool: Database
) -> CampaignSetup:
    """A new campaign, in state draft: load people, then start it."""
    async with pool.acquire() as connection, connection.transaction():
        if wanted.copy_of is not None and not await read_book(connection, wanted.copy_of):
            raise not_found("campaign", wanted.copy_of)
        with _stored():
            made = await make_campaign(
                connection,
                wanted.settings.model_dump(mode="json"),
                user_id=user.me.id,
                copy_of=wanted.copy_of,
            )
        shown = await _show(connection, made, response)
    log.info("campaign_added", user_id=user.me.id, campaign_id=made, copy_of=wanted.copy_of)
    return shown


@router.get("/{id}/setup")
async def read_campaign_setup(
    id: RowId, user: Supervisor, response: Response, pool: Database
) -> CampaignSetup:
    """One campaign's setup; its ETag is what a change sends back as If-Match."""
    async with pool.acquire() as connection:
        return await _show(connection, id, response)


@router.put("/{id}/setup")
async def put_campaign_setup(
    id: RowId,
    wanted: CampaignSettings,
    user: Supervisor,
    response: Response,
    pool: Database,
    if_match: Annotated[str | None, Header()] = None,
) -> CampaignSetup:
    """Another setup for the campaign of the version named by If-Match; a running dialer takes it over.

    409 `campaign_state`: not while it is in this state (`CampaignSetup.fixed`).
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await lock_campaign(connection, id, if_match)
        with _stored():
            row = await edit_campaign(connection, row, wanted.model_dump(mode="json"), user_id=user.me.id)
        shown = await _show(connection, id, response)
    log.info("campaign_setup_changed", user_id=user.me.id, campaign_id=id, version=row["version"])
    return shown


@router.put("/{id}/archive")
async def put_campaign_archive(
    id: RowId,
    wanted: ArchiveRequest,
    user: Supervisor,
    response: Response,
    pool: Database,
    if_match: Annotated[str | None, Header()] = None,
) -> CampaignSetup:
    """Put a draft or closed campaign of the version named by If-Match away, or take it back; nothing of it is lost."""
    async with pool.acquire() as connection, connection.transaction():
        row = await lock_campaign(connection, id, if_match)
        with _stored():
            await edit_campaign(connection, row, {"archived": wanted.archived}, user_id=user.me.id)
        shown = await _show(connection, id, response)
    log.info("campaign_archived", user_id=user.me.id, campaign_id=id, archived=wanted.archived)
    return shown


@contextmanager
def _stored() -> Iterator[None]:
    """What can't be stored, as a problem that says why: its values are wrong, or its state does not allow it."""
    try:
        yield
    except BadInput as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_campaign", str(error)) from error
    except Refused as error:
        raise ProblemError(HTTPStatus.CONFLICT, "campaign_state", str(error)) from error


async def _show(connection: Connection, campaign_id: int, response: Response) -> CampaignSetup:
    found = await read_book(connection, campaign_id)
    if not found:
        raise not_found("campaign", campaign_id)
    entry = found[0]
    row = await connection.fetchrow(
        "SELECT campaign.*, agent_group.name AS agent_group FROM campaign"
        " JOIN agent_group ON agent_group.id = agent_group_id WHERE campaign.id = $1",
        campaign_id,
    )
    assert row is not None
    response.headers["ETag"] = etag(row["version"])
    state = entry.campaign.state
    return CampaignSetup(
        **_entry(entry, datetime.now(UTC).date()).model_dump(),
        settings=CampaignFields(**{name: row[name] for name in CampaignFields.model_fields}),
        fixed=[
            "agent_group" if name == "agent_group_id" else name
            for name, states in CHANGED_IN.items()
            if state not in states
        ],
    )


def _entry(entry: BookEntry, today: date) -> CampaignEntry:
    campaign = entry.campaign
    return CampaignEntry(
        id=campaign.id,
        name=campaign.name,
        agent_group=entry.agent_group,
        agents=entry.agents,
        rule_set=campaign.rule_set,
        mode=campaign.mode,
        state=campaign.state,
        state_reason=entry.state_reason,
        has_leads=entry.has_leads,
        archived=campaign.archived,
        version=campaign.version,
        breaches=_breaches(*_weigh(campaign, today)),
    )


def _weigh(campaign: Campaign, today: date) -> tuple[list[Breach], list[Breach]]:
    try:
        return weigh_campaign(campaign, today)
    except BadInput as error:  # its rule set is there no more: it can be read, and given another
        return [], [
            Breach("rule_set", Fault.UNKNOWN_RULES, "", (), str(Confidence.POLICY), {"detail": str(error)})
        ]


def _breaches(storing: list[Breach], starting: list[Breach]) -> list[BreachView]:
    return [_breach(each, "storing") for each in storing] + [_breach(each, "starting") for each in starting]


def _breach(breach: Breach, bars: Literal["storing", "starting"]) -> BreachView:
    return BreachView(
        rule=breach.rule,
        fault=breach.fault,
        values=dict(breach.values),
        says=breach.says,
        norm=breach.norm or None,
        sources=cite(breach.src),
        confidence=breach.conf,
        bars=bars,
    )


def _laws() -> list[LawView]:
    return [_law(name) for name in rule_set_names()]


def _law(name: str) -> LawView:
    rules = load_rule_set(name)
    part = next(
        (part for part in load_preset(name.partition("-")[0]).subdivisions if part.code == name), None
    )
    return LawView(
        name=name,
        place=part.name if part else "",
        version=rules.version,
        least_ring_s=min_ring_s(rules) or None,
        most_abandoned=min((rule.cap_pct / 100 for rule in rules.abandonments), default=None),
        widest_window=min(
            (widest_window(rule) for rule in rules.abandonments),
            key=list(AbandonWindow).index,  # declared from narrow to wide
            default=AbandonWindow.CAMPAIGN,
        ),
        most_wait_s=min((rule.time_to_agent_s for rule in rules.abandonments), default=None),
    )
