"""The portfolio, the campaigns, the log and the recordings.

Revision 0001, the first.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from dialer.store.queries import read_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: What the switch may read of the agents' log-ins, for its realtime configuration.
SWITCH_VIEWS = Path(__file__).parent.parent / "0001_switch_views.sql"


def upgrade() -> None:
    op.create_table(
        "agent_group",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("agent_group_pkey")),
        sa.UniqueConstraint("name", name=op.f("agent_group_name_key")),
    )
    op.create_table(
        "call_event",
        sa.Column("shard_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("shard_id", "seq", name=op.f("call_event_pkey")),
    )
    op.create_index(
        "call_event_attempt_id_idx",
        "call_event",
        ["attempt_id"],
        unique=False,
        postgresql_where=sa.text("attempt_id IS NOT NULL"),
    )
    op.create_index(
        "call_event_pacing_idx",
        "call_event",
        [sa.literal_column("((data ->> 'campaign_id'::text)::bigint)"), "seq"],
        unique=False,
        postgresql_where=sa.text("type = 'PacingDecided'"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="es", nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("subdivision", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("person_pkey")),
        sa.UniqueConstraint("external_ref", name=op.f("person_external_ref_key")),
    )
    op.create_table(
        "script",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="es", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("script_pkey")),
        sa.UniqueConstraint("name", name=op.f("script_name_key")),
    )
    op.create_table(
        "trunk",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("calls_per_second", sa.Double(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("caller_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("trunk_pkey")),
        sa.UniqueConstraint("name", name=op.f("trunk_name_key")),
    )
    op.create_table(
        "app_user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("agent_group_id", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role <> 'agent' OR agent_group_id IS NOT NULL", name=op.f("app_user_agent_has_group_check")
        ),
        sa.CheckConstraint(
            "role IN ('agent', 'supervisor', 'qa', 'admin')", name=op.f("app_user_role_check")
        ),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("app_user_agent_group_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("app_user_pkey")),
        sa.UniqueConstraint("login", name=op.f("app_user_login_key")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agent_group_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), server_default="progressive", nullable=False),
        sa.Column("ratio", sa.Double(), server_default="1.5", nullable=False),
        sa.Column("max_lines_per_agent", sa.Double(), server_default="3", nullable=False),
        sa.Column("abandon_cap", sa.Double(), server_default="0.03", nullable=False),
        sa.Column("connect_limit_s", sa.Double(), server_default="2", nullable=False),
        sa.Column("ring_timeout_s", sa.Integer(), server_default="25", nullable=False),
        sa.Column("wrap_up_s", sa.Integer(), server_default="60", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("rule_set", sa.Text(), server_default="laboratory", nullable=False),
        sa.Column("recording_notice", sa.Text(), server_default="played", nullable=False),
        sa.Column("language", sa.Text(), server_default="es", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ring_timeout_s >= 15", name=op.f("campaign_ring_timeout_check")),
        sa.CheckConstraint("connect_limit_s >= 1", name=op.f("campaign_connect_limit_check")),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("campaign_agent_group_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("campaign_pkey")),
        sa.UniqueConstraint("name", name=op.f("campaign_name_key")),
    )
    op.create_table(
        "debt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=False),
        sa.Column("creditor", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("debt_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("debt_pkey")),
        sa.UniqueConstraint("external_ref", name=op.f("debt_external_ref_key")),
    )
    op.create_index("debt_person_id_idx", "debt", ["person_id"], unique=False)
    op.create_table(
        "do_not_call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "person_id IS NOT NULL OR number IS NOT NULL", name=op.f("do_not_call_whom_check")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("do_not_call_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("do_not_call_pkey")),
    )
    op.create_index("do_not_call_number_idx", "do_not_call", ["number"], unique=False)
    op.create_index("do_not_call_person_id_idx", "do_not_call", ["person_id"], unique=False)
    op.create_table(
        "phone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.Column("same_outcome_run", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("phone_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("phone_pkey")),
        sa.UniqueConstraint("person_id", "number", name=op.f("phone_person_id_number_key")),
    )
    op.create_index(
        "phone_reversed_idx",
        "phone",
        [sa.literal_column("reverse(number)").label("reversed")],
        unique=False,
        postgresql_ops={"reversed": "text_pattern_ops"},
    )
    op.create_table(
        "segment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("script_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["script_id"], ["script.id"], name=op.f("segment_script_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("segment_pkey")),
        sa.UniqueConstraint("name", name=op.f("segment_name_key")),
    )
    op.create_table(
        "shard",
        sa.Column("agent_group_id", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("switch_up", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("shard_agent_group_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agent_group_id", name=op.f("shard_pkey")),
    )
    op.create_table(
        "agent_session",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("shard_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leg_id", sa.Text(), nullable=True),
        sa.Column("leg_up", sa.Boolean(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("after_wrap_up", sa.Text(), nullable=True),
        sa.Column("wrap_up_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("agent_session_user_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("agent_session_pkey")),
    )
    op.create_table(
        "disposition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("right_party", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("disposition_campaign_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("disposition_pkey")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("disposition_campaign_id_code_key")),
    )
    op.create_table(
        "intent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shard_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("intent_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("intent_pkey")),
        sa.UniqueConstraint("user_id", "key", name=op.f("intent_user_id_key_key")),
    )
    op.create_index(
        "intent_open_idx",
        "intent",
        ["shard_id", "id"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "lead_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("lead_list_campaign_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("lead_list_pkey")),
        sa.UniqueConstraint(
            "campaign_id", "content_sha256", name=op.f("lead_list_campaign_id_content_sha256_key")
        ),
    )
    op.create_table(
        "sip_credential",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("sip_user", sa.Text(), nullable=False),
        sa.Column("ha1", sa.Text(), nullable=False),
        sa.Column("webrtc", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("sip_credential_user_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("sip_credential_pkey")),
        sa.UniqueConstraint("sip_user", name=op.f("sip_credential_sip_user_key")),
    )
    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("user_session_user_id_fkey")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("user_session_pkey")),
    )
    op.create_index("user_session_user_id_idx", "user_session", ["user_id"], unique=False)
    op.create_table(
        "lead",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("debt_id", sa.BigInteger(), nullable=True),
        sa.Column("segment_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="callable", nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_phone_id", sa.BigInteger(), nullable=True),
        sa.Column("callback_agent_id", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_n", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_from", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("claim_fence", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["callback_agent_id"], ["app_user.id"], name=op.f("lead_callback_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("lead_campaign_id_fkey")),
        sa.ForeignKeyConstraint(["debt_id"], ["debt.id"], name=op.f("lead_debt_id_fkey")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("lead_list_id_fkey")),
        sa.ForeignKeyConstraint(["next_phone_id"], ["phone.id"], name=op.f("lead_next_phone_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("lead_person_id_fkey")),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("lead_segment_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("lead_pkey")),
        sa.UniqueConstraint("campaign_id", "person_id", name=op.f("lead_campaign_id_person_id_key")),
    )
    op.create_index(
        "lead_callback_idx",
        "lead",
        ["campaign_id", "next_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'callback'"),
    )
    op.create_index(
        "lead_claim_idx",
        "lead",
        ["campaign_id", sa.literal_column("priority DESC"), "next_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('callable', 'resting')"),
    )
    op.create_index(
        "lead_in_attempt_idx",
        "lead",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("state = 'in_attempt'"),
    )
    op.create_index(
        "lead_lease_idx", "lead", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'claimed'")
    )
    op.create_index("lead_person_id_idx", "lead", ["person_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("shard_id", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("trunk", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("verdict", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ring_timeout_s", sa.Integer(), nullable=False),
        sa.Column("connect_limit_s", sa.Double(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("q850", sa.SmallInteger(), nullable=True),
        sa.Column("sip_status", sa.SmallInteger(), nullable=True),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connect_ms", sa.Double(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("disposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["app_user.id"], name=op.f("attempt_agent_id_fkey")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("attempt_campaign_id_fkey")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("attempt_lead_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("attempt_person_id_fkey")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("attempt_phone_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("attempt_pkey")),
        sa.UniqueConstraint("lead_id", "n", name=op.f("attempt_lead_id_n_key")),
    )
    op.create_index(
        "attempt_campaign_id_planned_at_idx", "attempt", ["campaign_id", "planned_at"], unique=False
    )
    op.create_index(
        "attempt_open_person_idx",
        "attempt",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "attempt_open_shard_idx",
        "attempt",
        ["shard_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "abandonment",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("abandonment_attempt_id_fkey")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("abandonment_campaign_id_fkey")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("abandonment_pkey")),
    )
    op.create_index(
        "abandonment_campaign_id_abandoned_at_idx",
        "abandonment",
        ["campaign_id", "abandoned_at"],
        unique=False,
    )
    op.create_table(
        "recording",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("recording_attempt_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("recording_pkey")),
        sa.UniqueConstraint("attempt_id", name=op.f("recording_attempt_id_key")),
    )
    for statement in read_statements(SWITCH_VIEWS).values():
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP SCHEMA switch CASCADE")
    op.drop_table("recording")
    op.drop_index("abandonment_campaign_id_abandoned_at_idx", table_name="abandonment")
    op.drop_table("abandonment")
    op.drop_index(
        "attempt_open_shard_idx", table_name="attempt", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_index(
        "attempt_open_person_idx", table_name="attempt", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_index("attempt_campaign_id_planned_at_idx", table_name="attempt")
    op.drop_table("attempt")
    op.drop_index("lead_person_id_idx", table_name="lead")
    op.drop_index("lead_lease_idx", table_name="lead", postgresql_where=sa.text("state = 'claimed'"))
    op.drop_index("lead_in_attempt_idx", table_name="lead", postgresql_where=sa.text("state = 'in_attempt'"))
    op.drop_index(
        "lead_claim_idx", table_name="lead", postgresql_where=sa.text("state IN ('callable', 'resting')")
    )
    op.drop_index("lead_callback_idx", table_name="lead", postgresql_where=sa.text("state = 'callback'"))
    op.drop_table("lead")
    op.drop_index("user_session_user_id_idx", table_name="user_session")
    op.drop_table("user_session")
    op.drop_table("sip_credential")
    op.drop_table("lead_list")
    op.drop_index("intent_open_idx", table_name="intent", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("intent")
    op.drop_table("disposition")
    op.drop_table("agent_session")
    op.drop_table("shard")
    op.drop_table("segment")
    op.drop_index("phone_reversed_idx", table_name="phone", postgresql_ops={"reversed": "text_pattern_ops"})
    op.drop_table("phone")
    op.drop_index("do_not_call_person_id_idx", table_name="do_not_call")
    op.drop_index("do_not_call_number_idx", table_name="do_not_call")
    op.drop_table("do_not_call")
    op.drop_index("debt_person_id_idx", table_name="debt")
    op.drop_table("debt")
    op.drop_table("campaign")
    op.drop_table("app_user")
    op.drop_table("trunk")
    op.drop_table("script")
    op.drop_table("person")
    op.drop_index(
        "call_event_pacing_idx", table_name="call_event", postgresql_where=sa.text("type = 'PacingDecided'")
    )
    op.drop_index(
        "call_event_attempt_id_idx",
        table_name="call_event",
        postgresql_where=sa.text("attempt_id IS NOT NULL"),
    )
    op.drop_table("call_event")
    op.drop_table("agent_group")
