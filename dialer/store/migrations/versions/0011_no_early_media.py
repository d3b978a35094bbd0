"""A trunk's setting that nothing reads is gone again.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("trunk", "early_media")


def downgrade() -> None:
    op.add_column("trunk", sa.Column("early_media", sa.Boolean(), server_default="false", nullable=False))
