"""Leads with all that dialling them needs, as the engine knows them.

Read for many leads at once, each table by one look at its index, and put together here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import asyncpg

from dialer.domain.contact import Channel, Contact, Count, Place, Preference
from dialer.domain.debtor import PartyRole, Wish
from dialer.domain.outcomes import LeadState, Outcome, PhoneHistory, PhoneStatus, next_phone
from dialer.domain.phone_facts import DEMOTED_BELOW
from dialer.domain.segments import NumberOrder
from dialer.domain.values import ClaimedLead, LeadPhone, PhoneNumber
from dialer.store.contact_ledger import Mark
from dialer.store.database import Connection
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("lead_cards.sql"))

#: In the order of numbers likeliest to be answered by the person, what the source said of one weighs as much as so many
#: tries, of which it makes up to two contacts.
PRIOR_TRIES, PRIOR_CONTACTS = 10, 2
#: No law looks further back than 30 days, in which nobody is contacted as often as this.
CONTACTS_AT_MOST = 300


@dataclass(frozen=True, slots=True)
class LeadCard:
    """A lead, and what of it only the claim asks."""

    lead: ClaimedLead
    #: All debts of whom we call about one are paid or gone: there is nothing to call about.
    settled: bool
    #: One of its numbers at least may be dialled.
    usable: bool


async def read_leads(connection: Connection, ids: Sequence[int], lease_until: datetime) -> list[LeadCard]:
    """The cards of these leads, in the order of their ids; who is not there is left out."""
    return await read_cards(connection, await connection.fetch(SQL["leads"], ids), lease_until)


async def read_cards(
    connection: Connection, rows: Sequence[asyncpg.Record], lease_until: datetime
) -> list[LeadCard]:
    """The cards of leads whose own rows (the columns of `leads`, `state` being that before the claim) are known."""
    if not rows:
        return []
    persons = list({row["person_id"] for row in rows})
    found = await connection.fetchrow(
        SQL["cards"],
        persons,
        [row["id"] for row in rows if row["last_n"]],
        list({row["segment_id"] for row in rows if row["segment_id"] is not None}),
    )
    assert found is not None
    known = _Known(found)
    if others := {row["debt_id"] for row in rows} - known.debts.keys() - {None}:
        known.add_debts(await connection.fetch(SQL["debts_of_others"], list(others), persons))
    return [_card(row, known, lease_until) for row in rows]


class _Known:
    """The answer of `cards`, by lead, person, debt and segment."""

    def __init__(self, found: asyncpg.Record) -> None:
        self.people = {person: rest for person, *rest in found["people"]}
        self.debts = {debt: rest for debt, *rest in found["debts"] or ()}
        self.owing = {person for person, *_, is_open in self.debts.values() if is_open}
        self.roles: dict[tuple[int, int], str] = {}
        self.segments = {segment: rest for segment, *rest in found["segments"] or ()}
        # The address written down first is the one that counts.
        self.cities = {person: city for _, person, city in sorted(found["addresses"] or (), reverse=True)}
        self.tries: dict[int, list[datetime]] = defaultdict(list)
        for lead, at in found["tries"] or ():
            self.tries[lead].append(at)
        self.listed = frozenset(found["listed"] or ())
        self.wishes: dict[int, list[Preference]] = defaultdict(list)
        for person, *wish in found["wishes"] or ():
            self.wishes[person].append(_preference(*wish))
        # The newest first: the first that fits is what holds.
        self.consents: dict[int, list[tuple[str, int | None, bool]]] = defaultdict(list)
        for _, _, person, purpose, phone, granted in sorted(found["consents"] or (), reverse=True):
            self.consents[person].append((purpose, phone, granted))
        self.contacts: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for person, *contact in found["contacts"] or ():
            self.contacts[person].append(tuple(contact))
        self.phones: dict[int, list[_Phone]] = defaultdict(list)
        for person, *phone in found["phones"] or ():
            self.phones[person].append(_phone(*phone))

    def add_debts(self, rows: Iterable[asyncpg.Record]) -> None:
        """Those that somebody else owes (`debts_of_others`): the persons only answer for them."""
        for row in rows:
            self.debts[row["id"]] = [row["person_id"], row["account"], row["creditor"], row["is_open"]]
            if row["party"] is not None:
                self.roles[row["id"], row["party"]] = row["role"]

    def refused(self, person_id: int) -> frozenset[int]:
        """The numbers at which the person took back his consent to be called: the newest word on each counts, and one
        on no number is on all of them."""
        consents = self.consents.get(person_id)
        if not consents:
            return frozenset()
        return frozenset(
            phone.lead_phone.id
            for phone in self.phones[person_id]
            if not _newest(consents, "contact", phone.lead_phone.id)
        )

    def employer_forbids(self, person_id: int) -> bool:
        """Whether he has a telephone at work and may not be called there."""
        consents = self.consents.get(person_id, ())
        at_work = any(purpose == "at_work" for purpose, _, _ in consents) and any(
            phone.lead_phone.place is Place.WORKPLACE for phone in self.phones[person_id]
        )
        return at_work and not _newest(consents, "at_work", None)


def _newest(consents: Iterable[tuple[str, int | None, bool]], purpose: str, phone_id: int | None) -> bool:
    """The newest word on this purpose; on a number's, when one is asked for. Nothing said: allowed."""
    fitting = (
        granted
        for told, phone, granted in consents
        if told == purpose and (phone_id is None or phone is None or phone == phone_id)
    )
    return next(fitting, True)


@dataclass(frozen=True, slots=True)
class _Phone:
    """A number with what its place among the person's depends on."""

    lead_phone: LeadPhone
    position: int
    answered: float  # the chance, as a ratio, that the person himself answers


def _phone(
    id_: int,
    number: str,
    status: str,
    position: int,
    last_outcome: str | None,
    run: int,
    tried_at: datetime | None,
    confidence: float,
    place: str | None,
    right_party: int,
    tries: int,
) -> _Phone:
    history = PhoneHistory(
        id_,
        PhoneStatus(status),
        last_outcome=None if last_outcome is None else Outcome(last_outcome),
        same_outcome_run=run,
        tried_at=tried_at,
        demoted=confidence < DEMOTED_BELOW,
    )
    where = None if place is None else Place(place)
    answered = (right_party + PRIOR_CONTACTS * confidence) / (tries + PRIOR_TRIES)
    return _Phone(LeadPhone(id_, PhoneNumber(number), history, where), position, answered)


def _ordered(phones: Iterable[_Phone], *, best_first: bool) -> tuple[LeadPhone, ...]:
    """The usable ones first, as the creditor lists them; or those first that are likeliest to be answered."""
    ordered = sorted(
        phones,
        key=lambda phone: (
            phone.lead_phone.history.status is not PhoneStatus.ACTIVE,
            -phone.answered if best_first else 0.0,
            phone.position,
            phone.lead_phone.id,
        ),
    )
    return tuple(phone.lead_phone for phone in ordered)


def _preference(
    wish: str,
    channel: str | None,
    weekdays: list[int] | None,
    starts: Any,
    ends: Any,
    valid_from: datetime,
    valid_until: datetime | None,
    by_debtor: bool,
) -> Preference:
    return Preference(
        wish=Wish(wish),
        channel=None if channel is None else Channel("chat" if channel == "whatsapp" else channel),
        weekdays=tuple(weekdays or ()),
        starts=starts,
        ends=ends,
        valid_from=valid_from,
        valid_until=valid_until,
        by_debtor=by_debtor,
    )


def _contacts(rows: Sequence[tuple[Any, ...]], phones: Sequence[LeadPhone]) -> Iterator[Contact]:
    """A person's contacts, the newest first, without what was withdrawn."""
    by_id = {phone.id: phone for phone in phones}
    gone: dict[str, set[str]] = defaultdict(set)
    newest = sorted(rows, key=itemgetter(0), reverse=True)[:CONTACTS_AT_MOST]
    for _, _, counts, withdrawn, *_, attempt_id in newest:
        if withdrawn and attempt_id is not None:
            gone[attempt_id].update(counts)
    for at, channel, counts, withdrawn, mark, phone_id, debts, account, creditor, attempt_id in newest:
        if withdrawn:
            continue
        left = frozenset(counts).difference(gone.get(attempt_id, ()))
        if not left and mark is None:
            continue
        phone = by_id.get(phone_id)
        yield Contact(
            at=at,
            channel=Channel(channel),
            counts=frozenset(map(Count, left)),
            phone=phone.number.e164 if phone else None,
            place=phone.place if phone else None,
            debts=tuple(map(str, debts)),
            account=account,
            creditor=creditor,
            abandoned=mark == Mark.ABANDONED,
            machine=mark == Mark.MACHINE,
        )


def _card(row: asyncpg.Record, known: _Known, lease_until: datetime) -> LeadCard:
    person_id, debt_id, state = row["person_id"], row["debt_id"], LeadState(row["state"])
    zone, subdivision = known.people[person_id]
    debtor, account, creditor, is_open = known.debts.get(debt_id, (None, None, None, False))
    caller_id, order = known.segments.get(row["segment_id"], (None, None))
    phones = _ordered(known.phones.get(person_id, ()), best_first=order == NumberOrder.BEST)
    usable = [phone.history for phone in phones if phone.history.status is PhoneStatus.ACTIVE]
    wanted = row["next_phone_id"]
    if usable and all(history.phone_id != wanted for history in usable):
        wanted = next_phone(usable, after=0)
    role = None
    if debtor is not None and debtor != person_id:
        role = PartyRole(known.roles.get((debt_id, person_id), PartyRole.OTHER))
    contacts = known.contacts.get(person_id, ())
    lead = ClaimedLead(
        id=row["id"],
        campaign_id=row["campaign_id"],
        person_id=person_id,
        phones=phones,
        next_phone_id=wanted,
        attempts=row["attempts"],
        last_n=row["last_n"],
        lease_until=lease_until,
        time_zone=zone,
        do_not_call=person_id in known.listed or state is LeadState.SUPPRESSED,
        callback_agent_id=row["callback_agent_id"] if state is LeadState.CALLBACK else None,
        callback=state is LeadState.CALLBACK,
        contacts=tuple(_contacts(contacts, phones)) if contacts else (),
        ledger_rows=len(contacts),
        preferences=tuple(known.wishes.get(person_id, ())),
        refused_phones=known.refused(person_id),
        debts=() if debt_id is None else (str(debt_id),),
        account=account,
        creditor=creditor,
        tries_at=tuple(sorted(known.tries.get(row["id"], ()))),
        caller_id=caller_id,
        role=role,
        subdivision=subdivision,
        city=known.cities.get(person_id),
        employer_forbids=known.employer_forbids(person_id),
    )
    # The debt may be somebody else's, for whom he answers.
    settled = debt_id is not None and person_id not in known.owing and not is_open
    return LeadCard(lead, settled, bool(usable))
