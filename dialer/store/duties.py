"""What a campaign's duties ask to be kept with it."""

from __future__ import annotations

from dialer.store.database import Connection


async def save_abandoned_text(connection: Connection, campaign_id: int, text: str | None) -> None:
    """What is said to whom no agent attends; None: the switch's own recording. A running dialer takes it over."""
    async with connection.transaction():
        await connection.execute(
            "UPDATE campaign SET abandoned_text = $2, version = version + 1 WHERE id = $1", campaign_id, text
        )
        await connection.execute("SELECT pg_notify('cadencia_campaign', $1)", str(campaign_id))
