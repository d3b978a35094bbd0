"""The ledger read and checked: a person's entries, what people report, and whether the chains are whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from dialer.domain.contact import Contact
from dialer.domain.errors import BadInput
from dialer.store.database import Connection

#: The chain of what people and files report; a shard's own chain has the shard's number.
REPORTED = 0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Rows fetched at once while a chain is checked.
PAGE = 5000


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """One chain: how many rows, the newest hash (keep it elsewhere: it proves all before it), the first fault."""

    chain: int
    rows: int
    hash: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """A contact that was not dialled by us: a visit, a message, an inbound or manual call."""

    person_ref: str
    contact: Contact
    debt_refs: tuple[str, ...] = ()
    reference: str | None = None


async def verify(
    connection: Connection, watch: Callable[[int], None] = lambda rows: None
) -> list[ChainCheck]:
    """Recompute every link of every chain. `watch` hears how many rows have been checked so far."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        heads = {row["chain"]: row for row in await connection.fetch("SELECT * FROM contact_ledger_head")}
        chains = await connection.fetch("SELECT DISTINCT chain FROM contact_ledger")
        checks, done = [], 0
        for chain in sorted({*heads, *(row["chain"] for row in chains)}):
            check = await _verify_chain(connection, chain, heads.get(chain), watch, done)
            done += check.rows
            checks.append(check)
    return checks


async def _verify_chain(
    connection: Connection,
    chain: int,
    head: asyncpg.Record | None,
    watch: Callable[[int], None],
    done: int,
) -> ChainCheck:
    before, n, fault = "", 0, None
    async for row in _rows(connection, chain):
        n += 1
        if row["n"] != n:
            fault = f"row {n} is missing"
        elif row["hash"] != (before := link(before, row)):
            fault = f"row {n} is not what was written"
        if fault:
            return ChainCheck(chain, n, row["hash"], fault)
        if n % PAGE == 0:
            watch(done + n)
    if head is None:
        fault = "its head is missing"
    elif (head["n"], head["hash"]) != (n, before):
        fault = (
            f"its head says {head['n']} rows, there are {n}"
            if head["n"] != n
            else "its head has another hash"
        )
    return ChainCheck(chain, n, before, fault)


async def _rows(connection: Connection, chain: int) -> AsyncIterator[asyncpg.Record]:
    async for row in connection.cursor(
        "SELECT * FROM contact_ledger WHERE chain = $1 ORDER BY n", chain, prefetch=PAGE
    ):
        yield row


def link(before: str, row: asyncpg.Record) -> str:
    """The hash of a row, as the database's trigger makes it: SHA-256 over the hash before and the row as JSON."""
    said = [
        row["chain"],
        row["n"],
        (row["at"] - EPOCH) // timedelta(microseconds=1),
        row["person_id"],
        row["channel"],
        ",".join(row["counts"]),
        row["withdrawn"],
        row["mark"],
        row["phone_id"],
        ",".join(map(str, row["debts"])),
        *(row[name] for name in ("account", "creditor", "attempt_id", "reference", "source")),
    ]
    return hashlib.sha256((before + json.dumps(said, ensure_ascii=False)).encode()).hexdigest()


async def report(connection: Connection, reports: Sequence[Report]) -> int:
    """Write reported contacts, all or none; those whose reference is known already are left out. Returns the new ones.

    Raises BadInput naming the first person or debt that is not known.
    """
    known: list[tuple[int, Report, list[asyncpg.Record]]] = []
    async with connection.transaction():
        # All are looked up before the first is written: rows rolled back lie at the chain's end until they are
        # vacuumed, and whoever writes next walks over them.
        for given in reports:
            person_id = await connection.fetchval(
                "SELECT id FROM person WHERE external_ref = $1", given.person_ref
            )
            if person_id is None:
                raise BadInput(f"no person {given.person_ref!r}: import the debtor first")
            debts = await connection.fetch(
                "SELECT id, external_ref, account, creditor FROM debt"
                " WHERE external_ref = ANY ($1::text[]) AND person_id = $2",
                list(given.debt_refs),
                person_id,
            )
            if missing := set(given.debt_refs) - {row["external_ref"] for row in debts}:
                raise BadInput(f"{given.person_ref!r} has no debt {min(missing)!r}")
            known.append((person_id, given, debts))
        return sum([await _write(connection, *each) for each in known])


async def _write(
    connection: Connection, person_id: int, given: Report, debts: Sequence[asyncpg.Record]
) -> bool:
    contact = given.contact
    phone_id = await connection.fetchval(
        "SELECT id FROM phone WHERE person_id = $1 AND number = $2", person_id, contact.phone
    )
    accounts = {row["account"] for row in debts}
    creditors = {row["creditor"] for row in debts}
    written = await connection.fetchval(
        "INSERT INTO contact_ledger (chain, at, person_id, channel, counts, mark, phone_id, debts, account, creditor,"
        " reference, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'reported')"
        " ON CONFLICT (reference) DO NOTHING RETURNING n",
        REPORTED,
        contact.at,
        person_id,
        contact.channel,
        sorted(contact.counts),
        "abandoned" if contact.abandoned else "machine" if contact.machine else None,
        phone_id,
        [row["id"] for row in debts],
        contact.account or (accounts.pop() if len(accounts) == 1 else None),
        contact.creditor or (creditors.pop() if len(creditors) == 1 else None),
        given.reference,
    )
    return written is not None


async def entries(connection: Connection, person_ref: str) -> list[asyncpg.Record]:
    """A person's rows, newest first. Raises BadInput when nobody is called that."""
    person_id = await connection.fetchval("SELECT id FROM person WHERE external_ref = $1", person_ref)
    if person_id is None:
        raise BadInput(f"no person {person_ref!r}")
    return list(
        await connection.fetch(
            "SELECT chain, n, at, channel, counts, withdrawn, mark, debts, account, creditor, attempt_id, reference,"
            " source FROM contact_ledger WHERE person_id = $1 ORDER BY at DESC, chain, n DESC",
            person_id,
        )
    )
