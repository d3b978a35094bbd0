"""The tables. Persons, numbers and debts are entities of their own; a lead only points at them.

What the collections side knows of a debtor beyond these is in `debtor_tables`, the contact ledger in `ledger_tables`,
what dialling writes in `call_tables`.

Money is integer minor units with an ISO 4217 code, times are `timestamptz` (UTC), numbers are E.164 with `+`.
Migrations under `migrations/` build exactly this; `tests/integration/test_store.py` compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dialer.store import call_tables as call_tables  # these: the rest of the same metadata
from dialer.store import debtor_tables as debtor_tables
from dialer.store import import_tables as import_tables
from dialer.store import ledger_tables as ledger_tables
from dialer.store import script_tables as script_tables
from dialer.store import segment_tables as segment_tables
from dialer.store import staffing_tables as staffing_tables
from dialer.store.columns import at as _at
from dialer.store.columns import created as _created
from dialer.store.columns import id_ as _id
from dialer.store.columns import metadata as metadata
from dialer.store.columns import ref as _ref

# --- whom we call -----------------------------------------------------------------------------------------

person = Table(
    "person",
    metadata,
    _id(),
    Column("external_ref", Text, nullable=False, unique=True),  # the creditor's own key
    Column("full_name", Text, nullable=False),
    Column("language", Text, nullable=False, server_default="es"),  # es | en | pt
    Column("time_zone", Text),  # IANA; null = unknown, and unknown means legal in all zones of the number
    Column("country", Text),  # ISO 3166-1 alpha-2, of the debtor's address; null = as his numbers say
    Column("subdivision", Text),  # ISO 3166-2
    Column("customer_since", Date),  # of the creditor
    _at("erased_at"),  # past its time: nothing here tells any more who it was
    Column("risk_score", Double),  # the creditor's or a bureau's, 0 (pays) to 1 (does not); null = unknown
    _created(),
    CheckConstraint("risk_score BETWEEN 0 AND 1", name="risk_score"),
)
# By the words it is made of and what they begin with (migrations/0026_words_of_names.sql).
Index("person_name_idx", func.words_of_name(person.c.full_name).label("words"), postgresql_using="gin")

phone = Table(
    "phone",
    metadata,
    _id(),
    _ref("person_id", "person.id"),
    Column("number", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),  # dialling order within the person, from 0
    Column("status", Text, nullable=False, server_default="active"),  # domain.outcomes.PhoneStatus
    Column("last_outcome", Text),
    Column("same_outcome_run", Integer, nullable=False, server_default="0"),
    _at("tried_at"),
    Column("kind", Text, nullable=False, server_default="unknown"),  # domain.debtor.PhoneKind
    Column("source", Text, nullable=False, server_default="creditor"),  # domain.debtor.Provenance
    #: That the number is the person's, 0 to 1: what the source said, moved by what came of calling it.
    Column("confidence", Double, nullable=False, server_default="0.5"),
    Column("tries", Integer, nullable=False, server_default="0"),  # burnt attempts
    Column("right_party", Integer, nullable=False, server_default="0"),  # times the person himself spoke
    _at("right_party_at"),
    Column("place", Text),  # domain.contact.Place: where it rings; null = not known
    Column("wrong_number", Integer, nullable=False, server_default="0"),  # times somebody else did
    _at("wrong_number_at"),
    UniqueConstraint("person_id", "number"),
    CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
)
# By its end: an agent may type a number with or without its prefixes (reverse(number) LIKE '...%').
Index(
    "phone_reversed_idx",
    func.reverse(phone.c.number).label("reversed"),
    postgresql_ops={"reversed": "text_pattern_ops"},
)

debt = Table(
    "debt",
    metadata,
    _id(),
    _ref("person_id", "person.id"),
    Column("external_ref", Text, nullable=False, unique=True),
    Column("creditor", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("due_on", Date),  # of the oldest unpaid instalment: days past due count from here
    Column("opened_on", Date),  # when the credit was given
    Column("account", Text),  # the creditor's account it belongs to; some laws count calls per account
    Column("stage", Text),  # domain.debtor.DebtStage as the creditor names it; null = by days past due
    Column("status", Text, nullable=False, server_default="open"),  # domain.debtor.DebtStatus
    _at("closed_at"),
    _at("updated_at"),  # by the newest file or payment that changed it
    #: Paid beyond the balance; a payment that is taken back is taken from this first.
    Column("overpaid_minor", BigInteger, nullable=False, server_default="0"),
    Index("debt_person_id_idx", "person_id"),
)

do_not_call = Table(
    "do_not_call",
    metadata,
    _id(),
    _ref("person_id", "person.id", nullable=True),  # the whole person ...
    Column("number", Text),  # ... or one number, whoever answers it
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),  # who asked: debtor, agent, list, regulator
    _created(),
    CheckConstraint("person_id IS NOT NULL OR number IS NOT NULL", name="whom"),
    Index("do_not_call_person_id_idx", "person_id"),
    Index("do_not_call_number_idx", "number"),
)

# --- what we say ------------------------------------------------------------------------------------------

#: What agents say to a segment; its words are in `script_version`.
script = Table(
    "script",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("language", Text, nullable=False, server_default="es"),
    _created(),
)

# --- who works --------------------------------------------------------------------------------------------

agent_group = Table("agent_group", metadata, _id(), Column("name", Text, nullable=False, unique=True))

app_user = Table(
    "app_user",
    metadata,
    _id(),
    Column("login", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("role", Text, nullable=False),  # agent | supervisor | qa | admin
    Column("password_hash", Text, nullable=False),  # argon2id
    _ref("agent_group_id", "agent_group.id", nullable=True),
    Column("active", Boolean, nullable=False, server_default="true"),
    _created(),
    CheckConstraint("role IN ('agent', 'supervisor', 'qa', 'admin')", name="role"),
    CheckConstraint("role <> 'agent' OR agent_group_id IS NOT NULL", name="agent_has_group"),
)

user_session = Table(
    "user_session",
    metadata,
    Column("token_hash", Text, primary_key=True),  # SHA-256 of the cookie: the cookie itself is nowhere
    _ref("user_id", "app_user.id"),
    _created(),
    _at("expires_at", nullable=False),
    Index("user_session_user_id_idx", "user_id"),
)

sip_credential = Table(
    "sip_credential",
    metadata,
    Column("user_id", BigInteger, ForeignKey("app_user.id"), primary_key=True),
    Column("sip_user", Text, nullable=False, unique=True),  # agent-<user id>
    Column("ha1", Text, nullable=False),  # MD5(user:realm:password): RFC 8760 lets Asterisk check it
    Column("webrtc", Boolean, nullable=False),
    _at("expires_at", nullable=False),
)

# --- campaigns --------------------------------------------------------------------------------------------

campaign = Table(
    "campaign",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    _ref("agent_group_id", "agent_group.id"),
    Column("state", Text, nullable=False, server_default="draft"),  # domain.campaign.CampaignState
    Column("state_reason", Text),
    Column("mode", Text, nullable=False, server_default="progressive"),  # domain.campaign.DialMode
    Column("ratio", Double, nullable=False, server_default="1.5"),  # power mode: calls per free agent
    Column("max_lines_per_agent", Double, nullable=False, server_default="3"),
    Column("abandon_cap", Double, nullable=False, server_default="0.03"),  # share of live answers
    Column("abandon_window", Text, nullable=False, server_default="day"),  # domain.campaign.AbandonWindow
    Column("policy", Text, nullable=False, server_default="predictive"),  # domain.campaign.PacingPolicy
    Column("share", Double, nullable=False, server_default="1"),  # of the group's calls at equal priority
    Column("connect_limit_s", Double, nullable=False, server_default="2"),  # from the answer
    Column("ring_timeout_s", Integer, nullable=False, server_default="25"),
    Column("wrap_up_s", Integer, nullable=False, server_default="60"),
    Column("priority", SmallInteger, nullable=False, server_default="0"),
    Column("rule_set", Text, nullable=False, server_default="laboratory"),
    Column("recording_notice", Text, nullable=False, server_default="played"),  # played | spoken
    Column("language", Text, nullable=False, server_default="es"),
    # Who answered: domain.screening.ScreeningSettings.
    Column("screening", Text, nullable=False, server_default="off"),  # off | on | shadow
    Column("cost_ratio", Double, nullable=False, server_default="20"),  # machines heard to save one person
    Column("on_machine", Text, nullable=False, server_default="hang_up"),  # hang_up | leave_message | connect
    Column("control_share", Double, nullable=False, server_default="0.015"),
    Column("connect_clock", Text, nullable=False, server_default="greeting_end"),  # answer | greeting_end
    Column("late_correction", Boolean, nullable=False, server_default="true"),
    # Liquid templates of what a call says by itself; null: the language's own.
    Column("message_text", Text),
    Column("announcement_text", Text),
    Column("message_sound", LargeBinary),  # a recorded message (8 kHz mono WAV) instead of the text
    Column("abandoned_text", Text),  # said to whom no agent attends; null: the switch's own recording
    Column("contact_plan", JSONB),  # domain.contact_plan.ContactPlan; null = the usual retry rules
    #: When its night begins, in its debtors' zone (`night_clock`); null = it has none.
    Column("night_hour", SmallInteger, server_default="3"),
    Column("version", Integer, nullable=False, server_default="1"),  # settings version, for If-Match
    Column("archived", Boolean, nullable=False, server_default="false"),  # in no list of those at work
    _created(),
    CheckConstraint("night_hour BETWEEN 0 AND 23", name="night_hour"),
    CheckConstraint("ring_timeout_s >= 15", name="ring_timeout"),
    CheckConstraint("share > 0", name="share"),
    CheckConstraint("cost_ratio BETWEEN 1 AND 1000", name="cost_ratio"),
    CheckConstraint("control_share BETWEEN 0 AND 1", name="control_share"),
    CheckConstraint(
        "connect_limit_s >= 1", name="connect_limit"
    ),  # the dialplan's waiting room counts whole seconds
)

disposition = Table(
    "disposition",
    metadata,
    _id(),
    _ref("campaign_id", "campaign.id"),
    Column("code", Text, nullable=False),
    Column("label", JSONB, nullable=False),  # {"es": .., "en": .., "pt": ..}
    Column("effect", Text, nullable=False),  # domain.outcomes.Effect
    Column("right_party", Boolean, nullable=False, server_default="false"),
    Column("position", SmallInteger, nullable=False),
    UniqueConstraint("campaign_id", "code"),
)

lead_list = Table(
    "lead_list",
    metadata,
    _id(),
    _ref("campaign_id", "campaign.id"),
    Column("name", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),  # the same file twice is refused
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("share", Double),  # of the claims, against the other lists; null = no share: its leads come first
    _created(),
    CheckConstraint("share > 0", name="share"),
    UniqueConstraint("campaign_id", "content_sha256"),
)

lead = Table(
    "lead",
    metadata,
    _id(),
    _ref("campaign_id", "campaign.id"),
    _ref("list_id", "lead_list.id"),
    _ref("person_id", "person.id"),
    _ref("debt_id", "debt.id", nullable=True),  # the debt this call is about
    _ref("segment_id", "segment.id", nullable=True),
    Column("state", Text, nullable=False, server_default="callable"),  # domain.outcomes.LeadState
    Column("state_reason", Text),
    Column("priority", SmallInteger, nullable=False, server_default="0"),
    #: What calling it is expected to bring, without the hour (see `ordering.sql`); and its best part of the day, 1
    #: to 3, 0 when none stands out.
    Column("value", REAL, nullable=False, server_default="0"),
    Column("part", SmallInteger, nullable=False, server_default="0"),
    #: The person's zone as last judged, so that a closed one is left out of the claim; empty: never left out, for it is
    #: not known, or the person has allowed other hours. The verdict reads the person's own.
    Column("zone", Text, nullable=False, server_default=""),
    #: When it may be claimed. RESTING until then; the claim itself wakes what is due, no sweep needed.
    Column("next_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _ref("next_phone_id", "phone.id", nullable=True),  # null = the first usable number
    _ref("callback_agent_id", "app_user.id", nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),  # burnt ones only
    Column("last_n", Integer, nullable=False, server_default="0"),  # number of the newest attempt
    Column("claimed_from", Text),  # the state before the claim, to go back to when nothing was dialled
    Column("claimed_by", BigInteger),  # shard
    Column("claim_fence", BigInteger),
    _at("lease_until"),
    # By the person first, so that it serves who looks for a person's leads, too: a claim writes into every index that
    # is not partial, and each costs it a page that nobody has in memory.
    UniqueConstraint("person_id", "campaign_id"),
    # A campaign's leads are loaded together and lie together: some kilobytes tell where.
    Index("lead_campaign_id_idx", "campaign_id", postgresql_using="brin"),
    CheckConstraint(
        "state NOT IN ('finished', 'suppressed') OR state_reason IS NOT NULL", name="closed"
    ),  # nothing closes unsaid
    # The claim: what is due of a list, in the order of the claim. Partial: it holds nothing else. Callbacks have an
    # index of their own, because they are promised and go before.
    Index(
        "lead_claim_idx",
        "campaign_id",
        "list_id",
        "zone",
        "part",
        text("priority DESC"),
        text("value DESC"),
        "id",
        postgresql_include=["next_at"],
        postgresql_where=text("state = 'callable'"),
    ),
    Index("lead_resting_idx", "campaign_id", "next_at", "id", postgresql_where=text("state = 'resting'")),
    Index("lead_segment_id_idx", "segment_id", postgresql_where=text("segment_id IS NOT NULL")),
    Index("lead_callback_idx", "campaign_id", "next_at", "id", postgresql_where=text("state = 'callback'")),
    Index("lead_lease_idx", "lease_until", postgresql_where=text("state = 'claimed'")),
    Index("lead_in_attempt_idx", "campaign_id", postgresql_where=text("state = 'in_attempt'")),
)
