"""Who answered: a campaign's dials, the verdicts, the recordings that are known.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("screening", sa.Text(), server_default="off", nullable=False),
        sa.Column("cost_ratio", sa.Double(), server_default="20", nullable=False),
        sa.Column("on_machine", sa.Text(), server_default="hang_up", nullable=False),
        sa.Column("control_share", sa.Double(), server_default="0.015", nullable=False),
        sa.Column("connect_clock", sa.Text(), server_default="greeting_end", nullable=False),
        sa.Column("late_correction", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("message_text", sa.Text(), nullable=True),
        sa.Column("announcement_text", sa.Text(), nullable=True),
        sa.Column("message_sound", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("campaign", column)
    op.create_check_constraint(op.f("campaign_cost_ratio_check"), "campaign", "cost_ratio BETWEEN 1 AND 1000")
    op.create_check_constraint(
        op.f("campaign_control_share_check"), "campaign", "control_share BETWEEN 0 AND 1"
    )
    op.add_column("trunk", sa.Column("early_media", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "screening_verdict",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("posterior", sa.Double(), nullable=True),
        sa.Column("decided_at_ms", sa.Integer(), nullable=True),
        sa.Column("greeting_end_ms", sa.Integer(), nullable=True),
        sa.Column("to_agent", sa.Boolean(), nullable=True),
        sa.Column("control", sa.Boolean(), nullable=True),
        sa.Column("features", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("corrected_label", sa.Text(), nullable=True),
        sa.Column("corrected_cause", sa.Text(), nullable=True),
        sa.Column("corrected_at_ms", sa.Integer(), nullable=True),
        sa.Column("spoken_kind", sa.Text(), nullable=True),
        sa.Column("spoken_file", sa.Text(), nullable=True),
        sa.Column("spoken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("screening_verdict_attempt_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("screening_verdict_campaign_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("screening_verdict_pkey")),
    )
    op.create_index(
        "screening_verdict_campaign_id_judged_at_idx", "screening_verdict", ["campaign_id", "judged_at"]
    )
    op.create_table(
        "prompt",
        sa.Column("prompt_id", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("prints", sa.LargeBinary(), nullable=False),
        sa.Column("sources", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("prompt_id", name=op.f("prompt_pkey")),
    )


def downgrade() -> None:
    op.drop_table("prompt")
    op.drop_index("screening_verdict_campaign_id_judged_at_idx", table_name="screening_verdict")
    op.drop_table("screening_verdict")
    op.drop_column("trunk", "early_media")
    op.drop_constraint(op.f("campaign_control_share_check"), "campaign", type_="check")
    op.drop_constraint(op.f("campaign_cost_ratio_check"), "campaign", type_="check")
    for name in (
        *("message_sound", "announcement_text", "message_text", "late_correction", "connect_clock"),
        *("control_share", "on_machine", "cost_ratio", "screening"),
    ):
        op.drop_column("campaign", name)
