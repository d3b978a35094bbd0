"""Persons as a supervisor looks for them and works on their cases."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.queries import read_statements
from dialer.store.timelines import Story, read_story

SQL = read_statements(Path(__file__).with_name("people.sql"))

#: A search that takes longer wants more of the name, a reference or a number.
SEARCH_TIMEOUT_S = 5.0
MAX_FOUND = 50
#: Of a LIMIT the planner hopes that a table's first rows will do, and reads all of it when they do not.
BY_INDEX = "SET LOCAL enable_seqscan = off"
#: Fewer characters of a name, or digits of a number, find half the portfolio.
MIN_NAME_CHARS = 2
MIN_DIGITS = 4
_NUMBER = re.compile(r"[+(]{0,2}[0-9][0-9 ().-]*")


@dataclass(frozen=True, slots=True)
class Found:
    """A person that a search found, with all his numbers and the creditors of his open debts."""

    id: int
    external_ref: str
    full_name: str
    numbers: str | None
    creditors: str | None


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt that the person owes (`role` None) or answers for (`debtor` owes it). `balance_minor` in minor units."""

    id: int
    external_ref: str
    creditor: str
    product: str
    balance_minor: int
    currency: str
    due_on: date | None
    stage: str | None
    status: str
    role: str | None
    debtor: str | None


@dataclass(frozen=True, slots=True)
class PersonLead:
    """The person in one campaign."""

    id: int
    campaign: str
    state: str
    state_reason: str | None
    attempts: int
    next_at: datetime
    segment: str | None
    debt: str | None


@dataclass(frozen=True, slots=True)
class Address:
    kind: str
    line: str
    city: str | None
    subdivision: str | None
    country: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """All that is known of a person."""

    story: Story
    debts: tuple[Debt, ...]
    leads: tuple[PersonLead, ...]
    addresses: tuple[Address, ...]


async def search_people(connection: Connection, text: str) -> list[Found]:
    """Persons by words of the name or their beginnings, a number or its last digits, or a whole reference.

    The words in any order, however they are accented; the reference is a person's or a debt's. At most MAX_FOUND, exact
    references first. Raises BadInput on too little to go by, or when it takes too long.
    """
    text = unicodedata.normalize("NFC", text.strip())
    digits = re.sub(r"[^0-9+]", "", text) if _NUMBER.fullmatch(text) else None
    if len(text) < MIN_NAME_CHARS:
        raise BadInput(f"type at least {MIN_NAME_CHARS} characters")
    if digits is not None and len(digits) < MIN_DIGITS:
        raise BadInput(f"type at least {MIN_DIGITS} digits")
    try:
        async with asyncio.timeout(SEARCH_TIMEOUT_S), connection.transaction(readonly=True):
            await connection.execute(BY_INDEX)
            rows = await connection.fetch(SQL["search"], text, digits, MAX_FOUND)
    except TimeoutError:
        raise BadInput("that took too long: type more, or search by reference or telephone number") from None
    return [Found(**dict(row)) for row in rows]


async def read_person(connection: Connection, person_id: int) -> Person | None:
    """The person with his story; None when there is none such."""
    reference = await connection.fetchval("SELECT external_ref FROM person WHERE id = $1", person_id)
    if reference is None:
        return None
    return Person(
        story=await read_story(connection, reference),
        debts=tuple(Debt(**dict(row)) for row in await connection.fetch(SQL["debts"], person_id)),
        leads=tuple(PersonLead(**dict(row)) for row in await connection.fetch(SQL["leads"], person_id)),
        addresses=tuple(Address(**dict(row)) for row in await connection.fetch(SQL["addresses"], person_id)),
    )


async def add_note(connection: Connection, person_id: int, body: str, *, user_id: int) -> None:
    """Write a note on the person. Raises BadInput on an empty one; LookupError when there is no such person."""
    if not body.strip():
        raise BadInput("the note says nothing: write what should be known")
    if await connection.fetchval(SQL["add_note"], person_id, user_id, body.strip()) is None:
        raise LookupError(person_id)


async def lift_do_not_call(
    connection: Connection, person_id: int, because: str, *, user_id: int, at: datetime
) -> int:
    """The person himself wants to be called again: how many leads may be. His word is kept as a consent.

    Raises BadInput when nothing is said, or he asked for nothing: what a list or a regulator bars stays barred.
    """
    if not because.strip():
        raise BadInput("say how and when the person asked to be called again: it is the proof")
    async with connection.transaction():
        row = await connection.fetchrow(SQL["lift_do_not_call"], person_id, at)
        assert row is not None
        if row["lifted"] == 0:
            raise BadInput("the person asked for nothing: what a list or a regulator bars is lifted there")
        await connection.execute(SQL["consent_again"], person_id, at, because.strip(), user_id)
    return int(row["leads"])
