"""Pacing: a policy, a share and a window for each campaign; what pacing knew; who changed which settings.

Revision 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("abandon_window", sa.Text(), server_default="day", nullable=False))
    op.add_column("campaign", sa.Column("policy", sa.Text(), server_default="predictive", nullable=False))
    op.add_column("campaign", sa.Column("share", sa.Double(), server_default="1", nullable=False))
    op.create_check_constraint(op.f("campaign_share_check"), "campaign", "share > 0")
    op.create_table(
        "pacing_state",
        sa.Column("shard_id", sa.BigInteger(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policies", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["shard_id"], ["shard.agent_group_id"], name=op.f("pacing_state_shard_id_fkey")
        ),
        sa.PrimaryKeyConstraint("shard_id", name=op.f("pacing_state_pkey")),
    )
    op.create_table(
        "campaign_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("undoes_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("campaign_change_campaign_id_fkey")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("campaign_change_user_id_fkey")),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["campaign_change.id"], name=op.f("campaign_change_undoes_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("campaign_change_pkey")),
    )
    op.create_index("campaign_change_campaign_id_at_idx", "campaign_change", ["campaign_id", "at"])
    op.create_index(
        "attempt_live_idx",
        "attempt",
        ["campaign_id", "ended_at", "outcome"],
        postgresql_where=sa.text("outcome IN ('connected', 'customer_hung_up', 'abandoned')"),
    )
    op.create_index(
        "call_event_agents_idx",
        "call_event",
        ["shard_id", "at", "seq"],
        postgresql_where=sa.text("type = 'AgentMoved'"),
    )


def downgrade() -> None:
    op.drop_index("call_event_agents_idx", "call_event")
    op.drop_index("attempt_live_idx", "attempt")
    op.drop_table("campaign_change")
    op.drop_table("pacing_state")
    op.drop_constraint(op.f("campaign_share_check"), "campaign")
    for name in ("share", "policy", "abandon_window"):
        op.drop_column("campaign", name)
