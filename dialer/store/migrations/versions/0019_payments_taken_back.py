"""Payments that did not last, and what was paid beyond a debt.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment", sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payment", sa.Column("reversed_because", sa.Text(), nullable=True))
    op.add_column("debt", sa.Column("overpaid_minor", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("debt", "overpaid_minor")
    op.drop_column("payment", "reversed_because")
    op.drop_column("payment", "reversed_at")
