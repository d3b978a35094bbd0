"""A trunk's setting that nothing reads is gone again.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("trunk", "early_media")


def downgrade() -> None:
    op.add_column("trunk", sa.Column("early_media", sa.Boolean(), server_default="false", nullable=False))
