"""The book of campaigns: which there are, what a new one takes over from an old one, and what their setup refers to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dialer.domain.campaign import Campaign, ShownNumber
from dialer.store.database import Connection
from dialer.store.queries import SQL
from dialer.store.shard_state import campaign_of


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A campaign as a list shows it, and as the dialer would take it over."""

    campaign: Campaign
    state_reason: str | None
    agent_group: str
    agents: int  # active, of its group
    has_leads: bool
    created_at: datetime


_ENTRIES = """
    SELECT campaign.id, campaign.state_reason, campaign.created_at, agent_group.id AS group_id,
           agent_group.name AS agent_group,
           (SELECT count(*) FROM app_user
            WHERE app_user.agent_group_id = agent_group.id AND role = 'agent' AND active) AS agents,
           EXISTS (SELECT FROM lead WHERE lead.campaign_id = campaign.id) AS has_leads
    FROM campaign JOIN agent_group ON agent_group.id = campaign.agent_group_id
    WHERE $1::bigint IS NULL OR campaign.id = $1
    ORDER BY campaign.name
"""


async def read_book(connection: Connection, campaign_id: int | None = None) -> list[BookEntry]:
    """All campaigns by name, those in the archive too; or the one of this id, if there is one."""
    rows = await connection.fetch(_ENTRIES, campaign_id)
    campaigns: dict[int, Campaign] = {}
    for group_id in {row["group_id"] for row in rows}:
        for row in await connection.fetch(SQL["campaigns_of_group"], group_id):
            campaigns[row["id"]] = campaign_of(row)
    shown = ("state_reason", "agent_group", "agents", "has_leads", "created_at")
    return [
        BookEntry(campaigns[row["id"]], **{name: row[name] for name in shown})
        for row in rows
        if row["id"] in campaigns
    ]


async def read_shown_numbers(connection: Connection) -> list[ShownNumber]:
    """The numbers of the trunks in service, which all campaigns show, with what is on record of each."""
    rows = await connection.fetch(
        """
        SELECT trunk.name AS trunk, number, coalesce(caller_id.owner, '') AS owner,
               coalesce(caller_id.answered_by, '') AS answered_by
        FROM trunk
        CROSS JOIN unnest(trunk.caller_ids) WITH ORDINALITY AS shown (number, n)
        LEFT JOIN caller_id USING (number)
        WHERE trunk.enabled AND caller_id.withdrawn_at IS NULL
        ORDER BY trunk.position, trunk.id, n
        """
    )
    return [ShownNumber(**dict(row)) for row in rows]


async def take_over(connection: Connection, from_id: int, campaign_id: int) -> None:
    """Give a new campaign what its form does not ask for, from an old one: contact plan, night, fine dials of the
    screening, announcement and recorded message, results of calls, and rules of its own. No leads, no counts."""
    await connection.execute(
        "UPDATE campaign SET contact_plan = old.contact_plan, night_hour = old.night_hour, cost_ratio = old.cost_ratio,"
        " control_share = old.control_share, connect_clock = old.connect_clock, late_correction = old.late_correction,"
        " announcement_text = old.announcement_text, message_sound = old.message_sound"
        " FROM campaign AS old WHERE old.id = $1 AND campaign.id = $2",
        from_id,
        campaign_id,
    )
    await connection.execute("DELETE FROM disposition WHERE campaign_id = $1", campaign_id)
    await connection.execute(
        "INSERT INTO disposition (campaign_id, code, label, effect, right_party, position)"
        " SELECT $2, code, label, effect, right_party, position FROM disposition WHERE campaign_id = $1",
        from_id,
        campaign_id,
    )
    await connection.execute(
        "INSERT INTO rule_overlay (campaign_id, version, content, set_by, reason)"
        " SELECT $2, 1, content, set_by, reason FROM rule_overlay WHERE campaign_id = $1 AND removed_at IS NULL",
        from_id,
        campaign_id,
    )
