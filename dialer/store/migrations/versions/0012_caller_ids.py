"""What is on record of the numbers shown, and a campaign's words to whom no agent attends.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "caller_id",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("number", "owner", "proof")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("answered_by", "declared_by")),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("caller_id_pkey")),
    )
    op.create_index(
        "caller_id_number_idx",
        "caller_id",
        ["number"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.add_column("campaign", sa.Column("abandoned_text", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaign", "abandoned_text")
    op.drop_index("caller_id_number_idx", table_name="caller_id")
    op.drop_table("caller_id")
