"""Contacts with a person, whatever the channel and whoever began: the vocabulary that the law counts in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from dialer.domain.debtor import Wish


class Channel(StrEnum):
    """How a person is reached."""

    VOICE = "voice"
    VISIT = "visit"
    SMS = "sms"
    EMAIL = "email"
    CHAT = "chat"
    LETTER = "letter"
    VOICEMAIL = "voicemail"
    PRERECORDED = "prerecorded"


#: Channels on which there is no originate: what is sent there is a message.
WRITTEN_CHANNELS = frozenset({Channel.SMS, Channel.EMAIL, Channel.CHAT, Channel.LETTER})


class Count(StrEnum):
    """What a legal limit counts. One event may count as several."""

    ATTEMPT = "attempt"  # an originate that reached the carrier and was not rejected before ringing
    ANSWERED_HUMAN = "answered_human"  # a human answered, whoever it was, even if nobody then spoke to him
    CONTACT = "contact"  # a two-way exchange with the debtor or someone answering for the debt
    CONVERSATION = "conversation"  # a contact in which the debt was discussed
    MESSAGE = "message"  # delivered: SMS, e-mail, chat, letter, voicemail, prerecorded


class Place(StrEnum):
    """What kind of place a number or address is; some laws limit the workplace apart."""

    HOME = "home"
    CELL = "cell"
    WORKPLACE = "workplace"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Contact:
    """One event with a person, as the ledger holds it. Unknown is None or empty, and then counts as a match."""

    at: datetime
    channel: Channel
    counts: frozenset[Count]
    phone: str | None = None
    debts: tuple[str, ...] = ()
    account: str | None = None
    creditor: str | None = None
    place: Place | None = None
    abandoned: bool = False  # a live answer that no agent spoke to
    machine: bool = False  # hung up as an answering machine
    consent_at: datetime | None = None  # of the direct prior consent under which it was made


@dataclass(frozen=True, slots=True)
class Preference:
    """One wish of the person: hours or channels, as the debtor's file holds it. `channel` None = any."""

    wish: Wish
    channel: Channel | None
    weekdays: tuple[int, ...]  # ISO, Monday = 1; empty = every day
    starts: time | None  # local; None = from midnight
    ends: time | None  # exclusive; None = to midnight
    valid_from: datetime
    valid_until: datetime | None
    by_debtor: bool  # asked for by himself, apart from the contract

    @property
    def is_timed(self) -> bool:
        return bool(self.weekdays) or self.starts is not None or self.ends is not None
