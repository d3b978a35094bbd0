"""What is known of a debtor beyond person, number and debt: where he lives, what he allowed and asked for, who else
owes, what he paid, promised and disputed.

All of it hangs on the person, so that one query a table gives his timeline. Codes are members of `domain.debtor`.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Time,
    UniqueConstraint,
    text,
)

from dialer.store.columns import at, created, id_, metadata, ref

#: Where the person lives or works. The first of a kind is the one used; the law asks for its zone and subdivision.
address = Table(
    "address",
    metadata,
    id_(),
    ref("person_id", "person.id"),
    Column("kind", Text, nullable=False, server_default="home"),  # AddressKind
    Column("line", Text, nullable=False),  # street and number, as the creditor writes it
    Column("city", Text),
    Column("subdivision", Text),  # ISO 3166-2
    Column("country", Text),  # ISO 3166-1 alpha-2
    Column("postal_code", Text),
    Column("time_zone", Text),  # IANA
    Column("source", Text, nullable=False, server_default="creditor"),  # Provenance
    created(),
    UniqueConstraint("person_id", "kind", "line"),
)

#: What the person allowed or took back, word for word in time: the newest row of a person, number, channel and purpose
#: holds; none is ever changed.
consent = Table(
    "consent",
    metadata,
    id_(),
    ref("person_id", "person.id"),
    ref("phone_id", "phone.id", nullable=True),  # null = all his numbers
    Column("channel", Text, nullable=False),  # Channel
    Column("purpose", Text, nullable=False),  # ConsentPurpose
    Column("granted", Boolean, nullable=False),  # false = refused or taken back
    at("given_at", nullable=False),
    Column("source", Text, nullable=False),  # Provenance
    Column("evidence", Text),  # where to find the proof: a recording, a contract's clause
    ref("recorded_by", "app_user.id", nullable=True),
    created(),
    Index("consent_person_id_idx", "person_id"),
)

#: When and how the person wants to be reached. A wish may narrow what the law allows; one that widens it holds only
#: when the debtor himself asked for it, apart from the contract.
preference = Table(
    "preference",
    metadata,
    id_(),
    ref("person_id", "person.id"),
    Column("wish", Text, nullable=False),  # Wish: only, never, prefer, allow
    Column("channel", Text),  # Channel; null = any
    Column("weekdays", ARRAY(SmallInteger)),  # ISO, Monday = 1; null = every day
    Column("starts", Time),  # local to the person; null = from midnight
    Column("ends", Time),  # exclusive; null = to midnight
    at("valid_from", nullable=False),
    at("valid_until"),  # null = until he says otherwise
    Column("source", Text, nullable=False),  # Provenance
    ref("recorded_by", "app_user.id", nullable=True),
    created(),
    CheckConstraint("starts < ends", name="hours"),
    Index("preference_person_id_idx", "person_id"),
)

#: Who owes, besides the debtor himself. Persons in their own right, with numbers and wishes of their own.
debt_party = Table(
    "debt_party",
    metadata,
    Column("debt_id", BigInteger, ForeignKey("debt.id"), primary_key=True),
    Column("person_id", BigInteger, ForeignKey("person.id"), primary_key=True),
    Column("role", Text, nullable=False),  # PartyRole
    created(),
    Index("debt_party_person_id_idx", "person_id"),
)

#: A paper of the case: contract, promissory note, statement, agreement. Small files, kept with the rest of the truth.
document = Table(
    "document",
    metadata,
    id_(),
    ref("person_id", "person.id"),
    ref("debt_id", "debt.id", nullable=True),
    Column("title", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    ref("added_by", "app_user.id", nullable=True),
    created(),
    CheckConstraint("octet_length(content) <= 10485760", name="size"),
    UniqueConstraint("person_id", "sha256"),
)

#: Money received. The payer's reference is unique, so that one payment told by file and by webhook counts once.
payment = Table(
    "payment",
    metadata,
    id_(),
    ref("person_id", "person.id"),
    ref("debt_id", "debt.id", nullable=True),  # null = not said for which debt
    Column("external_ref", Text, nullable=False, unique=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    at("paid_at", nullable=False),
    Column("source", Text, nullable=False),  # PaymentSource
    created(),
    at("reversed_at"),  # it did not last: a chargeback, a returned transfer
    Column("reversed_because", Text),
    CheckConstraint("amount_minor > 0", name="amount"),
    Index("payment_person_id_idx", "person_id"),
    Index("payment_debt_id_idx", "debt_id"),
)

#: A promise to pay: an amount by a day. While it is open nobody is called about it.
promise = Table(
    "promise",
    metadata,
    id_(),
    ref("person_id", "person.id"),
    ref("debt_id", "debt.id", nullable=True),
    ref("lead_id", "lead.id", nullable=True),  # whose calling it silences
    Column("attempt_id", Text, ForeignKey("attempt.id")),  # the call it was made in; null = by other ways
    ref("agent_id", "app_user.id", nullable=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("due_on", Date, nullable=False),  # local to the person
    Column("grace_days", SmallInteger, nullable=False, server_default="0"),
    Column("state", Text, nullable=False, server_default="open"),  # PromiseState
    at("settled_at"),  # when it was kept, broken or withdrawn
    created(),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("grace_days >= 0", name="grace"),
    Index("promise_person_id_idx", "person_id"),
    Index("promise_due_idx", "due_on", postgresql_where=text("state = 'open'")),
)

#: The debtor says the debt is not as claimed; calling about it stops until somebody has answered.
dispute = Table(
    "dispute",
    metadata,
    id_(),
    ref("person_id", "person.id"),
    ref("debt_id", "debt.id", nullable=True),  # null = all of his
    Column("attempt_id", Text, ForeignKey("attempt.id")),
    ref("opened_by", "app_user.id", nullable=True),
    Column("reason", Text, nullable=False),
    Column("note", Text),
    Column("state", Text, nullable=False, server_default="open"),  # DisputeState
    Column("resolution", Text),
    at("resolved_at"),
    ref("resolved_by", "app_user.id", nullable=True),
    created(),
    Index("dispute_person_id_idx", "person_id"),
    Index("dispute_open_idx", "created_at", postgresql_where=text("state = 'open'")),
)

#: What people wrote about the person, outside a call's own note.
note = Table(
    "note",
    metadata,
    id_(),
    ref("person_id", "person.id"),
    ref("debt_id", "debt.id", nullable=True),
    ref("author_id", "app_user.id", nullable=True),
    Column("body", Text, nullable=False),
    created(),
    Index("note_person_id_idx", "person_id"),
)
