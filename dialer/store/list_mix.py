"""The mix of lists that a campaign calls from: shares, and lists that rest. The claim reads it anew each time."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.errors import BadInput
from dialer.store.database import Connection


@dataclass(frozen=True, slots=True)
class LeadList:
    """A list of a campaign. `share` None: its leads come before those of lists with one; `left`: leads still open."""

    id: int
    campaign: str
    name: str
    share: float | None
    active: bool
    leads: int
    left: int


async def read_lists(connection: Connection, campaign_id: int | None) -> list[LeadList]:
    """Those of a campaign, or all, the oldest first."""
    rows = await connection.fetch(
        """
        SELECT lead_list.id, campaign.name AS campaign, lead_list.name, lead_list.share, lead_list.active,
               count(lead.id) AS leads,
               count(lead.id) FILTER (WHERE lead.state NOT IN ('finished', 'suppressed')) AS left
        FROM lead_list
        JOIN campaign ON campaign.id = lead_list.campaign_id
        LEFT JOIN lead ON lead.list_id = lead_list.id
        WHERE $1::bigint IS NULL OR lead_list.campaign_id = $1
        GROUP BY lead_list.id, campaign.id
        ORDER BY campaign.name, lead_list.id
        """,
        campaign_id,
    )
    return [LeadList(**dict(row)) for row in rows]


async def set_share(connection: Connection, campaign_id: int, name: str, share: float | None) -> None:
    """Raises BadInput when the campaign has no such list."""
    await _change(
        connection,
        "UPDATE lead_list SET share = $3 WHERE campaign_id = $1 AND name = $2",
        *(campaign_id, name, share),
    )


async def use_list(connection: Connection, campaign_id: int, name: str, *, active: bool) -> None:
    """Whether its leads are claimed. Raises BadInput when the campaign has no such list."""
    await _change(
        connection,
        "UPDATE lead_list SET active = $3 WHERE campaign_id = $1 AND name = $2",
        *(campaign_id, name, active),
    )


async def _change(connection: Connection, statement: str, *values: object) -> None:
    if await connection.execute(statement, *values) == "UPDATE 0":
        raise BadInput(f"the campaign has no list {str(values[1])[:100]!r}: see `dialer lists show`")
