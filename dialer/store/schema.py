"""The tables. Persons, numbers and debts are entities of their own; a lead only points at them.

What the collections side knows of a debtor beyond these is in `debtor_tables`, the contact ledger in `ledger_tables`.

Money is integer minor units with an ISO 4217 code, times are `timestamptz` (UTC), numbers are E.164 with `+`.
Migrations under `migrations/` build exactly this; `tests/integration/test_store.py` compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
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

from dialer.store import debtor_tables as debtor_tables  # these: the rest of the same metadata
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
    UniqueConstraint("campaign_id", "person_id"),
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
    Index("lead_person_id_idx", "person_id"),
)

# --- carriers ---------------------------------------------------------------------------------------------

trunk = Table(
    "trunk",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),  # the PJSIP endpoint
    Column("position", SmallInteger, nullable=False),  # failover order
    Column("calls_per_second", Double, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("caller_ids", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False, server_default="true"),
    Column("early_media", Boolean, nullable=False, server_default="false"),
    Column("fault", Text),  # why the dialer has put it out of service; null = it has not
    _at("faulted_at"),
    CheckConstraint("calls_per_second > 0 AND channels >= 0 AND cardinality(caller_ids) > 0", name="limits"),
)

#: In whose name a shown number is and who answers it: the word of a named person, kept when it is taken back.
caller_id = Table(
    "caller_id",
    metadata,
    _id(),
    Column("number", Text, nullable=False),  # E.164
    Column("owner", Text, nullable=False),  # as callers know him
    Column("proof", Text, nullable=False),  # contract or letter of the carrier: where to find it
    Column("answered_by", Text, nullable=False),  # who answers a call back
    Column("declared_by", Text, nullable=False),  # name and office
    _created(),
    _at("withdrawn_at"),
    Index("caller_id_number_idx", "number", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
)

# --- dialling ---------------------------------------------------------------------------------------------

shard = Table(
    "shard",
    metadata,
    Column("agent_group_id", BigInteger, ForeignKey("agent_group.id"), primary_key=True),
    Column("owner", Text),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    _at("lease_until"),
    Column("switch_up", Boolean, nullable=False, server_default="false"),  # its AMI link, as last logged
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Text, primary_key=True),  # ULID = ChannelId of the Originate
    Column("shard_id", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    _ref("campaign_id", "campaign.id"),
    _ref("lead_id", "lead.id"),
    _ref("person_id", "person.id"),
    _ref("phone_id", "phone.id"),
    Column("n", Integer, nullable=False),  # 1, 2, ... within the lead
    Column("mode", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("trunk", Text, nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("verdict", JSONB, nullable=False),  # rule set, its version, what was checked
    # As planned: what the switch was told for this call, whatever the campaign says now.
    Column("ring_timeout_s", Integer, nullable=False),
    Column("connect_limit_s", Double, nullable=False),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),  # domain.call.CallState
    Column("outcome", Text),
    Column("q850", SmallInteger),
    Column("sip_status", SmallInteger),
    _ref("agent_id", "app_user.id", nullable=True),
    _at("planned_at", nullable=False),
    _at("ringing_at"),
    _at("answered_at"),
    _at("connected_at"),
    _at("ended_at"),
    _at("notice_at"),
    Column("connect_ms", Double),  # answer -> both legs in one bridge
    Column("disposition", Text),
    _at("disposed_at"),
    Column("note", Text),
    UniqueConstraint("lead_id", "n"),
    # One ring in flight per person, whoever dials: the database itself refuses the second.
    Index("attempt_open_person_idx", "person_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("attempt_campaign_id_planned_at_idx", "campaign_id", "planned_at"),
    Index("attempt_open_shard_idx", "shard_id", postgresql_where=text("ended_at IS NULL")),
    # The abandonment ledger, counted when a shard starts.
    Index(
        "attempt_live_idx",
        "campaign_id",
        "ended_at",
        "outcome",
        postgresql_where=text("outcome IN ('connected', 'customer_hung_up', 'abandoned')"),
    ),
)

abandonment = Table(
    "abandonment",
    metadata,
    Column("attempt_id", Text, ForeignKey("attempt.id"), primary_key=True),
    _ref("campaign_id", "campaign.id"),
    _at("answered_at", nullable=False),
    _at("deadline_at", nullable=False),
    _at("abandoned_at", nullable=False),
    Index("abandonment_campaign_id_abandoned_at_idx", "campaign_id", "abandoned_at"),
)

# Who answered, once per call that was to be listened to. No sound: features and marks.
screening_verdict = Table(
    "screening_verdict",
    metadata,
    Column("attempt_id", Text, ForeignKey("attempt.id"), primary_key=True),
    _ref("campaign_id", "campaign.id"),
    _at("judged_at"),
    Column("mode", Text),  # domain.screening.Screening
    Column("label", Text),  # domain.screening.Label; null: nobody could tell, `cause` says why
    Column("cause", Text),
    Column("posterior", Double),  # P(human)
    Column("decided_at_ms", Integer),  # of the call's own sound, which begins with the answer
    Column("greeting_end_ms", Integer),
    Column("to_agent", Boolean),
    Column("control", Boolean),  # a machine by the verdict that went to an agent all the same
    Column("features", JSONB),
    Column("corrected_label", Text),  # unmasked later
    Column("corrected_cause", Text),
    Column("corrected_at_ms", Integer),
    Column("spoken_kind", Text),  # domain.screening.SpokenText that the far end heard
    Column("spoken_file", Text),
    _at("spoken_at"),
    Index("screening_verdict_campaign_id_judged_at_idx", "campaign_id", "judged_at"),
)

# Recordings that answer telephones, known by their prints (dialer/screening/fingerprints.py).
prompt = Table(
    "prompt",
    metadata,
    Column("prompt_id", Text, primary_key=True),
    Column("country", Text, nullable=False),  # ISO 3166, ZZ = unknown
    Column("label", Text, nullable=False),
    Column("prints", LargeBinary, nullable=False),  # int32, little-endian, one per 20 ms
    Column("sources", ARRAY(Text), nullable=False),  # opaque names of the numbers it answered on
    Column("imported", Boolean, nullable=False),
    _created(),
)

agent_session = Table(
    "agent_session",
    metadata,
    Column("user_id", BigInteger, ForeignKey("app_user.id"), primary_key=True),
    Column("shard_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # domain.agent.AgentState
    Column("reason", Text),
    _at("since", nullable=False),
    Column("leg_id", Text),  # channel of the nailed-up phone leg
    Column("leg_up", Boolean, nullable=False),
    Column("attempt_id", Text),
    Column("lead_id", BigInteger),  # the lead previewed
    Column("after_wrap_up", Text),  # what was asked for during a call: not_ready | logged_out
    _at("wrap_up_until"),
)

call_event = Table(
    "call_event",
    metadata,
    Column("shard_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt_id", Text),
    Column("type", Text, nullable=False),
    _at("at", nullable=False),
    Column("data", JSONB, nullable=False),
    Index("call_event_attempt_id_idx", "attempt_id", postgresql_where=text("attempt_id IS NOT NULL")),
    # A campaign's last pacing decision: few rows a second, read when a live view starts.
    Index(
        "call_event_pacing_idx",
        text("((data ->> 'campaign_id'::text)::bigint)"),
        "seq",
        postgresql_where=text("type = 'PacingDecided'"),
    ),
    # Who worked when: occupancy, and the days that are played again.
    Index("call_event_agents_idx", "shard_id", "at", "seq", postgresql_where=text("type = 'AgentMoved'")),
    Index("call_event_campaigns_idx", "shard_id", "seq", postgresql_where=text("type = 'CampaignMoved'")),
)

#: What a group's pacing knew when it was last set down; the log holds what came after.
pacing_state = Table(
    "pacing_state",
    metadata,
    Column("shard_id", BigInteger, ForeignKey("shard.agent_group_id"), primary_key=True),
    _at("kept_at", nullable=False),
    Column("policies", JSONB, nullable=False),  # a policy's key -> its snapshot
)

#: Who changed which settings of a campaign, from what to what.
campaign_change = Table(
    "campaign_change",
    metadata,
    _id(),
    _ref("campaign_id", "campaign.id"),
    _ref("user_id", "app_user.id", nullable=True),  # null: by the command line
    _at("at", nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    _ref("undoes_id", "campaign_change.id", nullable=True),
    Index("campaign_change_campaign_id_at_idx", "campaign_id", "at"),
)

intent = Table(
    "intent",
    metadata,
    _id(),
    Column("shard_id", BigInteger, nullable=False),
    _ref("user_id", "app_user.id"),
    Column("key", Text, nullable=False),  # idempotency: the same click twice is one intent
    Column("type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    _created(),
    _at("done_at"),
    Column("error", Text),
    UniqueConstraint("user_id", "key"),
    Index("intent_open_idx", "shard_id", "id", postgresql_where=text("done_at IS NULL")),
)

# --- recordings -------------------------------------------------------------------------------------------

recording = Table(
    "recording",
    metadata,
    _id(),
    Column("attempt_id", Text, ForeignKey("attempt.id"), nullable=False, unique=True),
    Column("path", Text, nullable=False),  # relative to the recordings folder; made of ids and dates only
    Column("duration_ms", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    #: Per channel (customer, agent) the peak of each of PEAKS_PER_S slices a second, 0-255: two equal halves.
    Column("peaks", LargeBinary, nullable=False),
    _at("started_at", nullable=False),
    _at("refused_at"),  # why it ends before the call does: the customer did not consent to more
    _created(),
)
