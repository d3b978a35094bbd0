"""What people enter into a debtor's file: notes, consents, addresses, papers, and who else owes.

All of it stands in the one timeline (`store/timelines.py`). Everything here raises BadInput on what it can't believe,
and changes nothing then.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

import asyncpg

from dialer.domain.debtor import AddressKind, Channel, ConsentPurpose, PartyRole, Provenance
from dialer.domain.errors import BadInput
from dialer.store.database import Connection

#: Bytes of one paper (the table refuses more).
MAX_DOCUMENT = 10 * 2**20
MAX_NOTE = 4000
MAX_LINE = 300
_COUNTRY = re.compile(r"[A-Z]{2}")
_SUBDIVISION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody lives or works; `country` ISO 3166-1, `subdivision` ISO 3166-2, `time_zone` IANA."""

    line: str
    kind: AddressKind = AddressKind.HOME
    city: str | None = None
    subdivision: str | None = None
    country: str | None = None
    postal_code: str | None = None
    time_zone: str | None = None
    source: Provenance = Provenance.DEBTOR


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person allowed (`granted`) or took back, for one number or, without one, for all of his."""

    channel: Channel
    granted: bool
    purpose: ConsentPurpose = ConsentPurpose.CONTACT
    number: str | None = None
    source: Provenance = Provenance.DEBTOR
    #: Where the proof is: a recording, a clause of the contract.
    evidence: str | None = None


async def find_person(connection: Connection, reference: str) -> int:
    """The person of the creditor's reference."""
    found: int | None = await connection.fetchval("SELECT id FROM person WHERE external_ref = $1", reference)
    if found is None:
        raise BadInput(f"there is no person {reference[:100]!r}: the reference is the creditor's own")
    return found


async def find_debt(connection: Connection, person_id: int, reference: str | None) -> int | None:
    """A debt of this person, by the creditor's reference; None for none."""
    if reference is None:
        return None
    found: int | None = await connection.fetchval(
        "SELECT id FROM debt WHERE external_ref = $2 AND (person_id = $1 OR EXISTS ("
        "SELECT FROM debt_party WHERE debt_party.debt_id = debt.id AND debt_party.person_id = $1))",
        person_id,
        reference,
    )
    if found is None:
        raise BadInput(f"the person has no debt {reference[:100]!r}")
    return found


async def find_user(connection: Connection, login: str | None) -> int | None:
    """Who enters it; None: nobody was named."""
    if login is None:
        return None
    found: int | None = await connection.fetchval(
        "SELECT id FROM app_user WHERE login = $1 AND active", login
    )
    if found is None:
        raise BadInput(f"no active user {login[:100]!r}")
    return found


async def add_note(
    connection: Connection, person_id: int, body: str, *, debt_id: int | None, author_id: int | None
) -> int:
    """A note's id."""
    return await _insert(
        connection,
        "INSERT INTO note (person_id, debt_id, author_id, body) VALUES ($1, $2, $3, $4) RETURNING id",
        *(person_id, debt_id, author_id, _text("the note", body, MAX_NOTE, lines=True)),
    )


async def add_consent(
    connection: Connection, person_id: int, consent: Consent, at: datetime, *, recorded_by: int | None
) -> int:
    """Its id; the newest word on a number, channel and purpose holds. Taken back for voice, it holds for a call on its
    way, too: what rings for him is cancelled, what waits to be dialled is judged anew.
    """
    async with connection.transaction():
        phone_id = None
        if consent.number is not None:
            phone_id = await connection.fetchval(
                "SELECT id FROM phone WHERE person_id = $1 AND number = $2", person_id, consent.number
            )
            if phone_id is None:
                raise BadInput("the person has no such number: write it as `dialer person show` does")
        evidence = None if consent.evidence is None else _text("the evidence", consent.evidence, MAX_LINE)
        consent_id = await _insert(
            connection,
            "INSERT INTO consent (person_id, phone_id, channel, purpose, granted, given_at, source, evidence,"
            " recorded_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            *(person_id, phone_id, consent.channel, consent.purpose, consent.granted, at, consent.source),
            *(evidence, recorded_by),
        )
        if not consent.granted and (consent.channel, consent.purpose) == (
            Channel.VOICE,
            ConsentPurpose.CONTACT,
        ):
            await connection.execute(
                "SELECT pg_notify('cadencia_lead', id::text) FROM lead WHERE person_id = $1", person_id
            )
    return consent_id


async def add_address(
    connection: Connection, person_id: int, address: Address, *, lives_here: bool = False
) -> int:
    """Its id. `lives_here`: country, subdivision and zone are the person's from now on, and with them his hours."""
    if address.time_zone is not None and address.time_zone not in available_timezones():
        raise BadInput(f"{address.time_zone[:60]!r} is no time zone: write it as America/Bogota")
    if address.country is not None and not _COUNTRY.fullmatch(address.country):
        raise BadInput("country is two letters of ISO 3166, e.g. CO")
    if address.subdivision is not None and not _SUBDIVISION.fullmatch(address.subdivision):
        raise BadInput("subdivision is ISO 3166-2, e.g. CO-ANT")
    if lives_here and not (address.country or address.time_zone):
        raise BadInput(
            "whoever lives there needs its country or its time zone: his lawful hours follow from them"
        )
    async with connection.transaction():
        try:
            address_id = await _insert(
                connection,
                "INSERT INTO address (person_id, kind, line, city, subdivision, country, postal_code, time_zone,"
                " source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
                *(person_id, address.kind, _text("the address", address.line, MAX_LINE)),
                address.city and _text("city", address.city, MAX_LINE),
                *(address.subdivision, address.country),
                address.postal_code and _text("postal code", address.postal_code, 20),
                *(address.time_zone, address.source),
            )
        except asyncpg.UniqueViolationError:
            raise BadInput("this address stands in the person's file already") from None
        if lives_here:
            await connection.execute(
                "UPDATE person SET country = $2, subdivision = $3, time_zone = $4 WHERE id = $1",
                *(person_id, address.country, address.subdivision, address.time_zone),
            )
            # The zone of before must not keep them out of the claim; the next refresh of the order sets the new one.
            await connection.execute("UPDATE lead SET zone = '' WHERE person_id = $1", person_id)
    return address_id


async def set_party(connection: Connection, debt_ref: str, person_id: int, role: PartyRole | None) -> None:
    """The person owes the debt, too (None: no longer)."""
    debt = await connection.fetchrow("SELECT id, person_id FROM debt WHERE external_ref = $1", debt_ref)
    if debt is None:
        raise BadInput(f"there is no debt {debt_ref[:100]!r}")
    if debt["person_id"] == person_id:
        raise BadInput("it is his own debt: nobody stands beside himself")
    if role is None:
        gone = await connection.execute(
            "DELETE FROM debt_party WHERE debt_id = $1 AND person_id = $2", debt["id"], person_id
        )
        if gone == "DELETE 0":
            raise BadInput("the person has no part in this debt")
        return
    await connection.execute(
        "INSERT INTO debt_party (debt_id, person_id, role) VALUES ($1, $2, $3)"
        " ON CONFLICT (debt_id, person_id) DO UPDATE SET role = excluded.role",
        *(debt["id"], person_id, role),
    )


async def add_document(
    connection: Connection,
    person_id: int,
    title: str,
    media_type: str,
    content: bytes,
    *,
    debt_id: int | None,
    added_by: int | None,
) -> int:
    """Its id. The same content twice is refused."""
    if not 0 < len(content) <= MAX_DOCUMENT:
        raise BadInput(f"a document has 1 to {MAX_DOCUMENT} bytes, this one has {len(content)}")
    try:
        return await _insert(
            connection,
            "INSERT INTO document (person_id, debt_id, title, media_type, sha256, content, added_by)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            *(person_id, debt_id, _text("the title", title, MAX_LINE), media_type),
            *(hashlib.sha256(content).hexdigest(), content, added_by),
        )
    except asyncpg.UniqueViolationError:
        raise BadInput("this document stands in the person's file already") from None


async def read_document(connection: Connection, document_id: int) -> bytes:
    """Its content."""
    found: bytes | None = await connection.fetchval("SELECT content FROM document WHERE id = $1", document_id)
    if found is None:
        raise BadInput(f"there is no document {document_id}: see `dialer person show`")
    return found


async def _insert(connection: Connection, statement: str, *values: object) -> int:
    found: int = await connection.fetchval(statement, *values)
    return found


def _text(what: str, text: str, most: int, *, lines: bool = False) -> str:
    """Checked: printable (with line breaks, where `lines`), neither empty nor longer than `most`."""
    parts: Sequence[str] = text.split("\n") if lines else [text]
    if not text.strip() or len(text) > most or not all(part.isprintable() for part in parts):
        raise BadInput(f"{what} has 1 to {most} printable characters")
    return text.strip()
