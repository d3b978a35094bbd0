"""One person's story, whatever it is made of: attempts, promises, payments, disputes, notes, papers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from dialer.domain.errors import BadInput
from dialer.domain.phone_facts import DEMOTED_BELOW
from dialer.store.database import Connection
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("timelines.sql"))

#: Entries read at once; who wants more of a life asks for the attempts.
MAX_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `more` holds what only its kind has; amounts in minor units."""

    kind: str
    at: datetime
    state: str | None
    who: str | None
    text: str | None
    more: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Number:
    """A number and what calling it has taught: `confidence` that it is the person's own, 0 to 1, who spoke there how
    often and when last, and how many tries it had.
    """

    number: str
    kind: str
    source: str
    status: str
    confidence: float
    tries: int
    right_party: int
    right_party_at: datetime | None
    wrong_number: int
    wrong_number_at: datetime | None
    last_outcome: str | None
    tried_at: datetime | None

    @property
    def demoted(self) -> bool:
        """Whether it is dialled only when the person has no other number left."""
        return self.confidence < DEMOTED_BELOW


@dataclass(frozen=True, slots=True)
class Story:
    """Who it is, and what happened, the newest first."""

    id: int
    external_ref: str
    full_name: str
    language: str
    time_zone: str | None
    do_not_call: bool
    numbers: tuple[Number, ...]
    entries: tuple[Entry, ...]


async def read_story(connection: Connection | asyncpg.Pool, external_ref: str) -> Story:
    """The person of this reference of the creditor's. Raises BadInput when there is none."""
    person = await connection.fetchrow(SQL["person"], external_ref)
    if person is None:
        raise BadInput(f"there is no person {external_ref[:100]!r}: the reference is the creditor's own")
    numbers = tuple(Number(**dict(row)) for row in await connection.fetch(SQL["numbers"], person["id"]))
    rows = await connection.fetch(SQL["timeline"], person["id"], MAX_ENTRIES)
    entries = tuple(Entry(**{**dict(row), "more": orjson.loads(row["more"])}) for row in rows)
    return Story(**dict(person), numbers=numbers, entries=entries)
