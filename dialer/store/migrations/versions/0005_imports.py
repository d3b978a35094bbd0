"""Imports on their way, and column mappings that were saved.

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Each running import has tables of its own there, dropped when it ends.
    op.execute("CREATE SCHEMA staging")
    op.create_table(
        "import_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("import_run_campaign_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("import_run_pkey")),
        sa.UniqueConstraint(
            "campaign_id", "content_sha256", name=op.f("import_run_campaign_id_content_sha256_key")
        ),
    )
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("import_mapping_pkey")),
        sa.UniqueConstraint("name", name=op.f("import_mapping_name_key")),
    )


def downgrade() -> None:
    op.drop_table("import_mapping")
    op.drop_table("import_run")
    op.execute("DROP SCHEMA staging CASCADE")
