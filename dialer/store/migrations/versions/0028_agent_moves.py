"""Agents who go over to another group, and when they did.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("from_group_id", sa.BigInteger(), nullable=False),
        sa.Column("to_group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["app_user.id"], name=op.f("agent_move_agent_id_fkey")),
        sa.ForeignKeyConstraint(
            ["from_group_id"], ["agent_group.id"], name=op.f("agent_move_from_group_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["to_group_id"], ["agent_group.id"], name=op.f("agent_move_to_group_id_fkey")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("agent_move_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("agent_move_pkey")),
    )
    op.create_index(
        "agent_move_waiting_key",
        "agent_move",
        ["agent_id"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("agent_move")
