"""The tables of dialling: carriers, shards, attempts and what came of them, the log, recordings.

Part of the one metadata that `schema` gathers.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
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

from dialer.store.columns import at, created, id_, metadata, ref

# --- carriers ---------------------------------------------------------------------------------------------

trunk = Table(
    "trunk",
    metadata,
    id_(),
    Column("name", Text, nullable=False, unique=True),  # the PJSIP endpoint
    Column("position", SmallInteger, nullable=False),  # failover order
    Column("calls_per_second", Double, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("caller_ids", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False, server_default="true"),
    Column("early_media", Boolean, nullable=False, server_default="false"),
    Column("fault", Text),  # why the dialer has put it out of service; null = it has not
    at("faulted_at"),
    CheckConstraint("calls_per_second > 0 AND channels >= 0 AND cardinality(caller_ids) > 0", name="limits"),
)

#: In whose name a shown number is and who answers it: the word of a named person, kept when it is taken back.
caller_id = Table(
    "caller_id",
    metadata,
    id_(),
    Column("number", Text, nullable=False),  # E.164
    Column("owner", Text, nullable=False),  # as callers know him
    Column("proof", Text, nullable=False),  # contract or letter of the carrier: where to find it
    Column("answered_by", Text, nullable=False),  # who answers a call back
    Column("declared_by", Text, nullable=False),  # name and office
    created(),
    at("withdrawn_at"),
    Index("caller_id_number_idx", "number", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
)

# --- dialling ---------------------------------------------------------------------------------------------

shard = Table(
    "shard",
    metadata,
    Column("agent_group_id", BigInteger, ForeignKey("agent_group.id"), primary_key=True),
    Column("owner", Text),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    at("lease_until"),
    Column("switch_up", Boolean, nullable=False, server_default="false"),  # its AMI link, as last logged
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Text, primary_key=True),  # ULID = ChannelId of the Originate
    Column("shard_id", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    ref("campaign_id", "campaign.id"),
    ref("lead_id", "lead.id"),
    ref("person_id", "person.id"),
    ref("phone_id", "phone.id"),
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
    ref("agent_id", "app_user.id", nullable=True),
    at("planned_at", nullable=False),
    at("ringing_at"),
    at("answered_at"),
    at("connected_at"),
    at("ended_at"),
    at("notice_at"),
    Column("connect_ms", Double),  # answer -> both legs in one bridge
    Column("disposition", Text),
    at("disposed_at"),
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
    ref("campaign_id", "campaign.id"),
    at("answered_at", nullable=False),
    at("deadline_at", nullable=False),
    at("abandoned_at", nullable=False),
    Index("abandonment_campaign_id_abandoned_at_idx", "campaign_id", "abandoned_at"),
)

# Who answered, once per call that was to be listened to. No sound: features and marks.
screening_verdict = Table(
    "screening_verdict",
    metadata,
    Column("attempt_id", Text, ForeignKey("attempt.id"), primary_key=True),
    ref("campaign_id", "campaign.id"),
    at("judged_at"),
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
    at("spoken_at"),
    Index("screening_verdict_campaign_id_judged_at_idx", "campaign_id", "judged_at"),
    # Who was hung up on, and which of such verdicts agents tried, counted when a shard starts.
    Index(
        "screening_verdict_ended_idx",
        "campaign_id",
        "judged_at",
        postgresql_where=text("mode = 'on' AND NOT to_agent AND label <> 'SIT'"),
    ),
    Index(
        "screening_verdict_control_idx",
        "campaign_id",
        "judged_at",
        "attempt_id",
        postgresql_where=text("control AND label <> 'SIT'"),
    ),
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
    created(),
)

# What single numbers answered with when they were machines.
greeting = Table(
    "greeting",
    metadata,
    Column("source", Text, primary_key=True),  # opaque name of the number
    Column("prompt_id", Text, nullable=False),
    Column("country", Text, nullable=False),  # ISO 3166, ZZ = unknown
    Column("label", Text, nullable=False),
    Column("prints", LargeBinary, nullable=False),  # int32, little-endian, one per 20 ms
    Column("heard_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("greeting_heard_at_idx", "heard_at"),
)

agent_session = Table(
    "agent_session",
    metadata,
    Column("user_id", BigInteger, ForeignKey("app_user.id"), primary_key=True),
    Column("shard_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # domain.agent.AgentState
    Column("reason", Text),
    at("since", nullable=False),
    Column("leg_id", Text),  # channel of the nailed-up phone leg
    Column("leg_up", Boolean, nullable=False),
    Column("attempt_id", Text),
    Column("lead_id", BigInteger),  # the lead previewed
    Column("after_wrap_up", Text),  # what was asked for during a call: not_ready | logged_out
    at("wrap_up_until"),
)

call_event = Table(
    "call_event",
    metadata,
    Column("shard_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt_id", Text),
    Column("type", Text, nullable=False),
    at("at", nullable=False),
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
    at("kept_at", nullable=False),
    Column("policies", JSONB, nullable=False),  # a policy's key -> its snapshot
)

#: Who changed which settings of a campaign, from what to what.
campaign_change = Table(
    "campaign_change",
    metadata,
    id_(),
    ref("campaign_id", "campaign.id"),
    ref("user_id", "app_user.id", nullable=True),  # null: by the command line
    at("at", nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    ref("undoes_id", "campaign_change.id", nullable=True),
    Index("campaign_change_campaign_id_at_idx", "campaign_id", "at"),
)

intent = Table(
    "intent",
    metadata,
    id_(),
    Column("shard_id", BigInteger, nullable=False),
    ref("user_id", "app_user.id"),
    Column("key", Text, nullable=False),  # idempotency: the same click twice is one intent
    Column("type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    created(),
    at("done_at"),
    Column("error", Text),
    UniqueConstraint("user_id", "key"),
    Index("intent_open_idx", "shard_id", "id", postgresql_where=text("done_at IS NULL")),
)

# --- recordings -------------------------------------------------------------------------------------------

recording = Table(
    "recording",
    metadata,
    id_(),
    Column("attempt_id", Text, ForeignKey("attempt.id"), nullable=False, unique=True),
    Column("path", Text, nullable=False),  # relative to the recordings folder; made of ids and dates only
    Column("duration_ms", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    #: Per channel (customer, agent) the peak of each of PEAKS_PER_S slices a second, 0-255: two equal halves.
    Column("peaks", LargeBinary, nullable=False),
    at("started_at", nullable=False),
    at("refused_at"),  # why it ends before the call does: the customer did not consent to more
    created(),
)
