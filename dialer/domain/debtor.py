"""The codes of a debtor's file: what kind of number, stage, wish or paper something is."""

from __future__ import annotations

from enum import StrEnum


class PhoneKind(StrEnum):
    """What the numbering plan says of a number."""

    UNKNOWN = "unknown"
    MOBILE = "mobile"
    FIXED = "fixed"
    #: The plan does not tell mobile from fixed, as in North America.
    FIXED_OR_MOBILE = "fixed_or_mobile"
    VOIP = "voip"
    OTHER = "other"


class Provenance(StrEnum):
    """Where something known of a person came from. Some laws allow only numbers of the first two."""

    CREDITOR = "creditor"
    DEBTOR = "debtor"
    THIRD_PARTY = "third_party"


class AddressKind(StrEnum):
    HOME = "home"
    WORK = "work"
    OTHER = "other"


class Channel(StrEnum):
    """The ways to a person."""

    VOICE = "voice"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    LETTER = "letter"
    VISIT = "visit"


class ConsentPurpose(StrEnum):
    """What a consent allows."""

    CONTACT = "contact"
    RECORDING = "recording"
    #: A recorded or synthetic voice.
    PRERECORDED_VOICE = "prerecorded_voice"
    #: Calls at the place of work.
    AT_WORK = "at_work"


class Wish(StrEnum):
    """What a preference means: these hours or channels only, never these, rather these, these too."""

    ONLY = "only"
    NEVER = "never"
    PREFER = "prefer"
    ALLOW = "allow"


class DebtStage(StrEnum):
    """How far collection has come."""

    PREVENTIVE = "preventive"  # not due yet
    EARLY = "early"
    LATE = "late"
    LEGAL = "legal"


class DebtStatus(StrEnum):
    OPEN = "open"
    #: Paid in full.
    PAID = "paid"
    #: The creditor took it back or sold it.
    WITHDRAWN = "withdrawn"


class PartyRole(StrEnum):
    """What somebody else than the debtor is to the debt: the first two answer for it, the others are only known."""

    CO_DEBTOR = "co_debtor"
    GUARANTOR = "guarantor"
    SPOUSE = "spouse"
    REFERENCE = "reference"
    FAMILY = "family"
    EMPLOYER = "employer"
    COWORKER = "coworker"
    NEIGHBOUR = "neighbour"
    OTHER = "other"  # nobody said


class PaymentSource(StrEnum):
    FILE = "file"
    WEBHOOK = "webhook"
    PERSON = "person"


class PromiseState(StrEnum):
    """OPEN -> KEPT (paid in time) | BROKEN (not by its day and grace) | WITHDRAWN (replaced, or taken back)."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


class DisputeState(StrEnum):
    """OPEN -> UPHELD (the debtor was right) | REJECTED | WITHDRAWN."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
