"""Planned absences of agents, and the calls from outside that a group expects.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absence_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("agent_group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("absence_plan_minutes_check")),
        sa.CheckConstraint("cardinality(weekdays) > 0", name=op.f("absence_plan_weekdays_check")),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("absence_plan_agent_group_id_fkey")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("absence_plan_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("absence_plan_pkey")),
    )
    op.create_table(
        "expected_inbound",
        sa.Column("agent_group_id", sa.BigInteger(), nullable=False),
        sa.Column("per_hour", sa.Double(), nullable=False),
        sa.CheckConstraint("per_hour > 0 AND per_hour <= 3600", name=op.f("expected_inbound_per_hour_check")),
        sa.ForeignKeyConstraint(
            ["agent_group_id"], ["agent_group.id"], name=op.f("expected_inbound_agent_group_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agent_group_id", name=op.f("expected_inbound_pkey")),
    )


def downgrade() -> None:
    op.drop_table("expected_inbound")
    op.drop_table("absence_plan")
