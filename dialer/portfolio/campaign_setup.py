"""A campaign as a person sets it up: made new or after an old one, changed, and weighed before it is stored.

The one door for the command line and the console. `wanted` holds columns of `campaign_changes.SETUP`, with the
name of the agent group (`agent_group`) for its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

import asyncpg

from dialer.compliance.breach import Breach, Fault
from dialer.compliance.duties import settings_breaches, start_breaches, terms_of
from dialer.compliance.overlays import rules_of
from dialer.compliance.provisions import Confidence
from dialer.domain.campaign import AbandonWindow, Campaign, DialMode, PacingPolicy, RecordingNotice
from dialer.domain.screening import OnMachine, Screening, ScreeningSettings, SpokenText
from dialer.portfolio.messages import TellsOfDebt, check_text
from dialer.store.campaign_book import take_over
from dialer.store.campaign_changes import change_campaign, log_change
from dialer.store.campaigns import check_language, create_campaign, ensure_group
from dialer.store.database import Connection
from dialer.store.shard_state import read_campaign

_TEXTS = {"message_text": SpokenText.MESSAGE, "abandoned_text": SpokenText.ABANDONED}
#: The columns that rules have a word on.
_WEIGHED = (
    *("mode", "rule_set", "abandon_cap", "abandon_window", "connect_limit_s", "ring_timeout_s"),
    *("recording_notice", "abandoned_text"),
)


async def add_campaign(
    connection: Connection, wanted: Mapping[str, Any], *, user_id: int | None, copy_of: int | None = None
) -> int:
    """A new draft's id; with `copy_of` it takes over what `wanted` does not say. Raises BadInput."""
    async with connection.transaction():
        campaign_id = await _make(connection, wanted, copy_of, judged=True)
        made: dict[str, Any] = {"name": wanted["name"].strip()}
        if copy_of is not None:
            made["copy_of"] = await connection.fetchval("SELECT name FROM campaign WHERE id = $1", copy_of)
        await log_change(connection, campaign_id, {}, made, user_id=user_id)
    return campaign_id


async def edit_campaign(
    connection: Connection, row: asyncpg.Record, wanted: Mapping[str, Any], *, user_id: int | None
) -> asyncpg.Record:
    """The locked `row` with these settings; see `change_campaign`. Raises BadInput on words not to be said, too."""
    settings = dict(wanted)
    if (group := settings.pop("agent_group", None)) is not None:
        settings["agent_group_id"] = await _group(connection, group)
    language = settings.get("language", row["language"])
    for column, kind in _TEXTS.items():
        text = settings.get(column, row[column])
        if text is not None and (text, language) != (row[column], row["language"]):
            check_text(kind, text, language)
    return await change_campaign(connection, row, settings, user_id=user_id)


async def weigh(
    connection: Connection,
    wanted: Mapping[str, Any],
    on: date,
    *,
    campaign_id: int | None = None,
    copy_of: int | None = None,
) -> tuple[list[Breach], list[Breach]]:
    """What would keep a campaign with these settings from being stored, and what else from starting, on a day.

    It is written, read as the dialer would take it over, and taken back: nothing is judged otherwise than when it is
    stored. Raises BadInput on what is wrong whatever the law says.
    """
    try:
        _check_texts(wanted)
    except TellsOfDebt as error:
        told = Breach("spoken_text", Fault.TEXT_TELLS, "", (), str(Confidence.POLICY), {"words": error.words})
        return [told], []
    transaction = connection.transaction()
    await transaction.start()
    try:
        if campaign_id is None:
            # Its name may not be there yet, or be an old campaign's.
            nameless = {**wanted, "name": f"\u2014 {uuid4().hex}"}
            campaign_id = await _make(connection, nameless, copy_of, judged=False)
        else:
            assigned = ", ".join(f"{name} = ${n}" for n, name in enumerate(_WEIGHED, start=2))
            await connection.execute(
                f"UPDATE campaign SET {assigned} WHERE id = $1",  # noqa: S608 (names of _WEIGHED)
                campaign_id,
                *(wanted[name] for name in _WEIGHED),
            )
        campaign = await read_campaign(connection, campaign_id)
    finally:
        await transaction.rollback()
    return weigh_campaign(campaign, on)


def weigh_campaign(campaign: Campaign, on: date) -> tuple[list[Breach], list[Breach]]:
    """What keeps such a campaign from being stored, and what else from starting. Raises BadInput, see `rules_of`."""
    storing = settings_breaches(rules_of(campaign), terms_of(campaign))
    return storing, [breach for breach in start_breaches(campaign, on) if breach not in storing]


async def _make(
    connection: Connection, wanted: Mapping[str, Any], copy_of: int | None, *, judged: bool
) -> int:
    _check_texts(wanted)
    campaign_id = await create_campaign(
        connection,
        name=wanted["name"],
        group_id=await _group(connection, wanted["agent_group"]),
        mode=DialMode(wanted["mode"]),
        language=wanted["language"],
        rule_set=wanted["rule_set"],
        recording_notice=RecordingNotice(wanted["recording_notice"]),
        ratio=wanted["ratio"],
        max_lines_per_agent=wanted["max_lines_per_agent"],
        policy=PacingPolicy(wanted["policy"]),
        share=wanted["share"],
        abandon_window=AbandonWindow(wanted["abandon_window"]),
        abandon_cap=wanted["abandon_cap"],
        connect_limit_s=wanted["connect_limit_s"],
        ring_timeout_s=wanted["ring_timeout_s"],
        wrap_up_s=wanted["wrap_up_s"],
        priority=wanted["priority"],
        screening=ScreeningSettings(
            mode=Screening(wanted["screening"]), on_machine=OnMachine(wanted["on_machine"])
        ),
        abandoned_text=wanted["abandoned_text"],
        message_text=wanted["message_text"],
        judged=judged,
    )
    if copy_of is not None:
        await take_over(connection, copy_of, campaign_id)
    return campaign_id


async def _group(connection: Connection, name: str) -> int:
    """The agent group of this name; made, and its dialer told, when it is new."""
    found: int | None = await connection.fetchval("SELECT id FROM agent_group WHERE name = $1", name.strip())
    return await ensure_group(connection, name) if found is None else found


def _check_texts(wanted: Mapping[str, Any]) -> None:
    for column, kind in _TEXTS.items():
        if (text := wanted[column]) is not None:
            check_text(kind, text, check_language(wanted["language"]))
