"""A trunk whose sound before the answer is heard.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trunk", sa.Column("early_media", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("trunk", "early_media")
