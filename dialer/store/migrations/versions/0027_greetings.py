"""What single numbers answered with when they were machines.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "greeting",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("source", "prompt_id", "country", "label")),
        sa.Column("prints", sa.LargeBinary(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("greeting_pkey")),
    )
    op.create_index("greeting_heard_at_idx", "greeting", ["heard_at"])


def downgrade() -> None:
    op.drop_table("greeting")
