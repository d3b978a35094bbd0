"""Why a trunk is out of service, as the dialer found; limits that no trunk can be without.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trunk", sa.Column("fault", sa.Text(), nullable=True))
    op.add_column("trunk", sa.Column("faulted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("trunk_limits_check"),
        "trunk",
        "calls_per_second > 0 AND channels >= 0 AND cardinality(caller_ids) > 0",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("trunk_limits_check"), "trunk")
    op.drop_column("trunk", "faulted_at")
    op.drop_column("trunk", "fault")
