"""Frozen values that travel between the store, the engine and the switch."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from dialer.domain.campaign import DialMode
from dialer.domain.contact import Contact, Place, Preference
from dialer.domain.debtor import PartyRole
from dialer.domain.outcomes import PhoneHistory

AttemptId = NewType("AttemptId", str)
LegId = NewType("LegId", str)

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def mint_ulid(at: datetime, rng: random.Random) -> str:
    """A ULID: 48 bits of milliseconds, 80 of chance, 26 Crockford letters, sortable by time (ulid/spec)."""
    number = int(at.timestamp() * 1000) << 80 | rng.getrandbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    """Whether `text` can be one of our ids (and so may stand in a file name or an AMI header)."""
    return len(text) == 26 and all(letter in _CROCKFORD for letter in text)


def uuid_of(ulid: str) -> uuid.UUID:
    """The same 128 bits as a UUID. Raises ValueError for what is not one of our ids."""
    if not is_ulid(ulid) or ulid[0] > "7":
        raise ValueError(f"{ulid[:40]!r} is not a ULID")
    number = 0
    for letter in ulid:
        number = number << 5 | _CROCKFORD.index(letter)
    return uuid.UUID(int=number)


def ulid_of(value: uuid.UUID) -> str:
    """The inverse of `uuid_of`."""
    return "".join(_CROCKFORD[value.int >> shift & 31] for shift in range(125, -1, -5))


#: No id's time reaches this bit before the year 6429.
_BEFORE_ANSWER = 1 << 127


def early_stream(attempt_id: str) -> str:
    """The name under which a call's sound before the answer is heard: a call of its own to the screener."""
    return ulid_of(uuid.UUID(int=uuid_of(attempt_id).int | _BEFORE_ANSWER))


def attempt_of(stream: str) -> tuple[str, bool]:
    """(attempt, whether before its answer) of a stream's name. Raises ValueError for what is none."""
    number = uuid_of(stream).int
    return ulid_of(uuid.UUID(int=number & ~_BEFORE_ANSWER)), bool(number & _BEFORE_ANSWER)


@dataclass(frozen=True, slots=True, repr=False)
class PhoneNumber:
    """An E.164 number, `+` and 8 to 15 digits. Masked wherever it is printed; `digits` is what is dialled."""

    e164: str

    def __post_init__(self) -> None:
        digits = self.e164[1:]
        if not (
            self.e164.startswith("+") and digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15
        ):
            raise ValueError("a phone number is + and 8 to 15 digits (E.164)")

    @property
    def digits(self) -> str:
        return self.e164[1:]

    def __repr__(self) -> str:
        return f"PhoneNumber(+…{self.e164[-2:]})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class LeadPhone:
    """One number of a lead's person."""

    id: int
    number: PhoneNumber
    history: PhoneHistory
    place: Place | None = None  # where it rings; None = not known


@dataclass(frozen=True, slots=True)
class ClaimedLead:
    """A lead in the hopper: ours until `lease_until`, with all that dialling it needs."""

    id: int
    campaign_id: int
    person_id: int
    phones: tuple[LeadPhone, ...]  # active ones first in the person's order; all statuses present
    next_phone_id: int  # the one to dial now
    attempts: int  # burnt so far
    last_n: int  # number of the newest attempt, burnt or not
    lease_until: datetime
    time_zone: str | None
    do_not_call: bool
    callback_agent_id: int | None = None
    callback: bool = False
    #: The person's contacts as the ledger held them when the lead was claimed, and how many rows it was then.
    contacts: tuple[Contact, ...] = ()
    ledger_rows: int | None = None
    debts: tuple[str, ...] = ()  # what the call is about
    preferences: tuple[Preference, ...] = ()
    refused_phones: frozenset[int] = frozenset()  # he took back his consent to be called there
    account: str | None = None
    creditor: str | None = None
    tries_at: tuple[datetime, ...] = ()  # the burnt attempts before
    caller_id: str | None = None  # what the segment's treatment wants shown, E.164
    role: PartyRole | None = None  # what he is to the debt; None = it is his own
    subdivision: str | None = None  # where he lives, ISO 3166-2
    city: str | None = None
    employer_forbids: bool = False  # to be called at work


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why this attempt was allowed: stored with it, for the regulator."""

    rule_set: str
    version: str
    checked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one number, as planned."""

    id: AttemptId
    campaign_id: int
    lead_id: int
    person_id: int
    phone_id: int
    n: int
    mode: DialMode
    number: PhoneNumber
    trunk: str
    caller_id: str
    verdict: Verdict
    planned_at: datetime
    ring_timeout_s: int
    connect_limit_s: float
    language: str
    agent_id: int | None = None  # reserved before the dial: manual, preview, progressive
    #: How many rows of the person the verdict knew of: with another number it is refused. None = not checked.
    ledger_rows: int | None = None


class HungUpBy(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Trunk:
    """A carrier as configured."""

    id: int
    name: str  # the PJSIP endpoint
    position: int  # failover order
    calls_per_second: float
    channels: int
    caller_ids: tuple[str, ...]
    #: What it sends before the answer is heard: special information tones end the attempt at once.
    early_media: bool = False
    #: Why the dialer has put it out of service; None while it may take calls.
    fault: str | None = None
