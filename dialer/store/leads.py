"""Leads on their way into the hopper: claimed under a lease, with all that dialling them needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from dialer.domain.contact import Place
from dialer.domain.debtor import PartyRole
from dialer.domain.outcomes import LeadState, Outcome, PhoneHistory, PhoneStatus, next_phone
from dialer.domain.phone_facts import DEMOTED_BELOW
from dialer.domain.values import ClaimedLead, LeadPhone, PhoneNumber
from dialer.store.contact_ledger import contacts_of, preferences_of
from dialer.store.database import Connection
from dialer.store.queries import SQL

#: Fewer digits than these are no one's number: too many numbers end like that.
MIN_DIGITS = 7

#: Leads whose rest has ended enter the claim's order so many in one transaction: some ten milliseconds.
WOKEN_AT_ONCE = 500


async def claim(
    connection: Connection,
    *,
    campaign_id: int,
    count: int,
    now: datetime,
    lease_until: datetime,
    shard_id: int,
    fence: int,
    closed_zones: Collection[str] = (),
) -> list[ClaimedLead]:
    """Up to `count` leads that are due: callbacks first, then by priority and by what a call is expected to bring now.

    They are the shard's until `lease_until`. Nobody of `closed_zones` (IANA names) is among them but for callbacks.
    Leads that cannot be called any more (no usable number, person on the do-not-call list) are finished or suppressed
    on the way. Who finds fewer tends the campaign and looks once more.
    """
    if count <= 0:
        return []

    async def more(wanted: int) -> list[ClaimedLead]:
        rows = await connection.fetch(
            SQL["claim_leads"], campaign_id, wanted, now, shard_id, fence, lease_until, list(closed_zones)
        )
        return [lead_of(row, lease_until, LeadState(row["state"])) for row in rows]

    found = await more(count)
    if len(found) < count and await tend(connection, campaign_id, now, most=WOKEN_AT_ONCE):
        found += await more(count - len(found))
    return found


async def tend(connection: Connection, campaign_id: int, now: datetime, *, most: int) -> int:
    """Give claims of the campaign that ran out back, and wake up to about `most` leads whose rest has ended.

    Batch by batch, each a transaction of its own, so that whoever dials never waits long. Returns how many moved.
    """
    moved = _count(await connection.execute(SQL["return_expired_leads"], campaign_id, now))
    while most > 0:
        woken = _count(await connection.execute(SQL["wake_leads"], campaign_id, now, WOKEN_AT_ONCE))
        moved += woken
        most -= woken
        if woken < WOKEN_AT_ONCE:
            break
    return moved


def _count(tag: str) -> int:
    """Of `UPDATE 17`, the server's word on a statement: 17."""
    return int(tag.rpartition(" ")[2])


async def claim_number(
    connection: Connection,
    *,
    number: str,
    campaign_ids: Sequence[int],
    lease_until: datetime,
    shard_id: int,
    fence: int,
) -> ClaimedLead | None:
    """The one lead of these campaigns that has this number, however it is written, claimed for a manual call.

    None when no lead or more than one person has it, or when the lead is in a call or claimed already. A person who
    must not be called comes back *unclaimed* with `do_not_call` set, so that the refusal can say why.
    """
    digits = "".join(letter for letter in number if letter.isdigit() and letter.isascii())
    if len(digits) < MIN_DIGITS:
        return None
    found = await connection.fetch(SQL["find_number"], list(campaign_ids), digits[::-1], f"+{digits}")
    if found and found[0]["number"] == f"+{digits}":
        found = [row for row in found if row["number"] == f"+{digits}"]
    if len({row["number"] for row in found}) != 1:
        return None
    for row in found:
        came_from = await connection.fetchval(SQL["claim_lead"], row["id"], shard_id, fence, lease_until)
        if came_from or row["state"] == LeadState.SUPPRESSED:
            card = await connection.fetchrow(SQL["read_leads"], [row["id"]])
            assert card is not None
            state = LeadState(came_from or row["state"])
            return lead_of(card, lease_until, state, phone_id=row["phone_id"])
    return None


def lead_of(
    row: asyncpg.Record, lease_until: datetime, state: LeadState, *, phone_id: int | None = None
) -> ClaimedLead:
    """A row of `lead_card` as the engine's value; `state` is the lead's before the claim."""
    phones = tuple(
        LeadPhone(
            phone,
            PhoneNumber(number),
            PhoneHistory(
                phone,
                PhoneStatus(status),
                last_outcome=None if last is None else Outcome(last),
                same_outcome_run=run,
                tried_at=tried_at,
                demoted=confidence < DEMOTED_BELOW,
            ),
            None if place is None else Place(place),
        )
        for phone, number, status, last, run, tried_at, confidence, place in zip(
            row["phone_ids"] or (),
            row["numbers"] or (),
            row["statuses"] or (),
            row["last_outcomes"] or (),
            row["runs"] or (),
            row["tried"] or (),
            row["confidences"] or (),
            row["places"] or (),
            strict=True,
        )
    )
    usable = [phone.history for phone in phones if phone.history.status is PhoneStatus.ACTIVE]
    wanted = phone_id or row["next_phone_id"]
    if not phone_id and usable and all(history.phone_id != wanted for history in usable):
        wanted = next_phone(usable, after=0)
    return ClaimedLead(
        id=row["id"],
        campaign_id=row["campaign_id"],
        person_id=row["person_id"],
        phones=tuple(sorted(phones, key=lambda phone: phone.history.status is not PhoneStatus.ACTIVE)),
        next_phone_id=wanted,
        attempts=row["attempts"],
        last_n=row["last_n"],
        lease_until=lease_until,
        time_zone=row["time_zone"],
        do_not_call=row["do_not_call"] or state is LeadState.SUPPRESSED,
        callback_agent_id=row["callback_agent_id"] if state is LeadState.CALLBACK else None,
        callback=state is LeadState.CALLBACK,
        contacts=contacts_of(row["contacts"], {phone.id: phone for phone in phones}),
        ledger_rows=row["ledger_rows"],
        preferences=preferences_of(row["preferences"]),
        refused_phones=frozenset(row["refused_phones"]),
        debts=() if row["debt_id"] is None else (str(row["debt_id"]),),
        account=row["account"],
        creditor=row["creditor"],
        tries_at=tuple(row["tries_at"]),
        caller_id=row["caller_id"],
        role=None if row["role"] is None else PartyRole(row["role"]),
        subdivision=row["subdivision"],
        city=row["city"],
        employer_forbids=row["employer_forbids"],
    )
