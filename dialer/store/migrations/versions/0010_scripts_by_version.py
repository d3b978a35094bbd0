"""A script's words are in its versions alone.

Revision 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("script", "body")


def downgrade() -> None:
    op.add_column("script", sa.Column("body", sa.Text(), server_default="", nullable=False))
