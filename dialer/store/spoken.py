"""What a spoken text is made of: the campaign's template or recorded sound, and the fields of the call."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from dialer.domain.screening import SpokenText
from dialer.store.database import CONNECTION_ERRORS


@dataclass(frozen=True, slots=True)
class SpokenFields:
    """`template` None: the language's own; `sound`: a recorded WAV instead."""

    template: str | None
    sound: bytes | None
    full_name: str
    external_ref: str
    campaign: str


class PostgresSpoken:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def read(self, kind: SpokenText, campaign_id: int, lead_id: int) -> SpokenFields | None:
        """None when there is no such lead. Raises OSError while the database can't be reached."""
        try:
            row = await self._pool.fetchrow(
                "SELECT CASE $1 WHEN 'message' THEN message_text WHEN 'announcement' THEN announcement_text"
                " ELSE abandoned_text END AS template,"
                " CASE WHEN $1 = 'message' THEN message_sound END AS sound,"
                " person.full_name, person.external_ref, campaign.name AS campaign"
                " FROM lead JOIN person ON person.id = lead.person_id JOIN campaign ON campaign.id = lead.campaign_id"
                " WHERE lead.id = $2 AND campaign.id = $3",
                str(kind),
                lead_id,
                campaign_id,
            )
        except CONNECTION_ERRORS as error:
            raise OSError(str(error)) from error
        return None if row is None else SpokenFields(**dict(row))
