"""The contact ledger and the approvals: what the law is judged by, and who stands behind a doubtful rule."""

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
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from dialer.store.columns import at, created, id_, metadata, ref

#: Every contact with a person: only ever added to (triggers refuse the rest), each row's hash over the one before in
#: its chain. A chain is a shard's, or 0 for what people and files report.
contact_ledger = Table(
    "contact_ledger",
    metadata,
    Column("chain", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "n", BigInteger, primary_key=True, autoincrement=False
    ),  # 1, 2, ... within the chain, by the trigger
    at("at", nullable=False),
    ref("person_id", "person.id"),
    Column("channel", Text, nullable=False),  # domain.contact.Channel
    Column("counts", ARRAY(Text), nullable=False),  # domain.contact.Count
    #: The row takes back what an earlier one of the same attempt counted: it reached nobody, or the wrong person.
    Column("withdrawn", Boolean, nullable=False, server_default="false"),
    Column("mark", Text),  # abandoned | machine
    Column("phone_id", BigInteger),
    Column("debts", ARRAY(BigInteger), nullable=False),  # what it was about; empty = not known
    Column("account", Text),
    Column("creditor", Text),
    Column("attempt_id", Text),
    Column("reference", Text, unique=True),  # of whoever reports it: the same report twice is one contact
    Column("source", Text, nullable=False),  # dialled | reported
    Column("hash", Text, nullable=False),  # SHA-256 of the hash before and this row, hexadecimal
    Index("contact_ledger_person_id_idx", "person_id", text("at DESC")),
    Index("contact_ledger_attempt_id_idx", "attempt_id", postgresql_where=text("attempt_id IS NOT NULL")),
)

#: The newest row of each chain: what the next one is linked to.
contact_ledger_head = Table(
    "contact_ledger_head",
    metadata,
    Column("chain", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

#: What a contract with a creditor or a campaign adds to the law; each writing of it is kept.
rule_overlay = Table(
    "rule_overlay",
    metadata,
    id_(),
    Column("creditor", Text),  # of a contract ...
    ref("campaign_id", "campaign.id", nullable=True),  # ... or of this campaign
    Column("version", Integer, nullable=False),
    Column("content", Text, nullable=False),  # YAML, cadencia-overlay/1
    Column("set_by", Text, nullable=False),  # name and office
    Column("reason", Text, nullable=False),
    created(),
    at("removed_at"),
    Column("removed_by", Text),
    CheckConstraint("(creditor IS NULL) <> (campaign_id IS NULL)", name="whose"),
    UniqueConstraint("creditor", "version"),
    UniqueConstraint("campaign_id", "version"),
)

#: What was deleted because its time was over.
deletion = Table(
    "deletion",
    metadata,
    id_(),
    at("at", nullable=False),
    Column("kind", Text, nullable=False),  # recording | person
    Column("reference", Text, nullable=False),  # the attempt's id, or the person's number of ours
    Column("detail", Text, nullable=False),
    Column("rule_set", Text, nullable=False),
    Column("rule", Text, nullable=False),
)

#: Each time that retention was carried out to its end.
retention_run = Table(
    "retention_run",
    metadata,
    id_(),
    at("started_at", nullable=False),
    at("finished_at", nullable=False),
    *(Column(name, Integer, nullable=False) for name in ("recordings", "persons", "held")),
)

#: Days that a place keeps as holidays and no table tells.
local_holiday = Table(
    "local_holiday",
    metadata,
    id_(),
    Column("day", Date, nullable=False),
    Column("place", Text, nullable=False),  # country or subdivision, ISO 3166
    Column("city", Text),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("approved_by", Text, nullable=False),  # name and office
    created(),
    at("removed_at"),
)

#: A named person takes responsibility for a rule whose sources disagree or that is this project's own policy.
rule_approval = Table(
    "rule_approval",
    metadata,
    id_(),
    Column("rule_set", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("version", Text, nullable=False),  # of the rule set: a changed figure asks again
    Column("approved_by", Text, nullable=False),  # name and office
    Column("reason", Text, nullable=False),
    Column("user_id", BigInteger, ForeignKey("app_user.id")),
    created(),
    at("withdrawn_at"),
    Index("rule_approval_rule_set_idx", "rule_set", "rule_id"),
)
