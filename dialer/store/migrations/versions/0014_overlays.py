"""Overlays of contracts and campaigns, local holidays, and where a number rings.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_overlay",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("creditor", sa.Text(), nullable=True),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("content", "set_by", "reason")),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(creditor IS NULL) <> (campaign_id IS NULL)", name=op.f("rule_overlay_whose_check")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("rule_overlay_campaign_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("rule_overlay_pkey")),
        sa.UniqueConstraint("creditor", "version", name=op.f("rule_overlay_creditor_version_key")),
        sa.UniqueConstraint("campaign_id", "version", name=op.f("rule_overlay_campaign_id_version_key")),
    )
    op.create_table(
        "local_holiday",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "source", "approved_by")),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("local_holiday_pkey")),
    )
    op.add_column("phone", sa.Column("place", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("phone", "place")
    op.drop_table("local_holiday")
    op.drop_table("rule_overlay")
