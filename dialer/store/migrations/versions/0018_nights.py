"""Each campaign's night: the hour it begins, and the run that did it.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("night_hour", sa.SmallInteger(), server_default="3", nullable=True))
    op.create_check_constraint(op.f("campaign_night_hour_check"), "campaign", "night_hour BETWEEN 0 AND 23")
    op.add_column("segment_run", sa.Column("campaign_id", sa.BigInteger(), nullable=True))
    op.add_column("segment_run", sa.Column("night", sa.Date(), nullable=True))
    op.create_foreign_key(
        op.f("segment_run_campaign_id_fkey"), "segment_run", "campaign", ["campaign_id"], ["id"]
    )
    op.create_unique_constraint(
        op.f("segment_run_campaign_id_night_key"), "segment_run", ["campaign_id", "night"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("segment_run_campaign_id_night_key"), "segment_run")
    op.drop_constraint(op.f("segment_run_campaign_id_fkey"), "segment_run")
    op.drop_column("segment_run", "night")
    op.drop_column("segment_run", "campaign_id")
    op.drop_constraint(op.f("campaign_night_hour_check"), "campaign")
    op.drop_column("campaign", "night_hour")
