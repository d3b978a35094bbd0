"""A lead carries its person's zone, in the claim's order: who can't be called now is left out at no cost.

Revision ID: 0015
Revises: 0014
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ORDER: list[Any] = ["part", sa.literal_column("priority DESC"), sa.literal_column("value DESC"), "id"]
CALLABLE = sa.text("state = 'callable'")


def upgrade() -> None:
    op.drop_index("lead_claim_idx", table_name="lead")
    # Filled by the next refresh of the order, batch by batch: ten million rows at once take a quarter of an hour.
    op.add_column("lead", sa.Column("zone", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "lead_claim_idx",
        "lead",
        ["campaign_id", "list_id", "zone", *ORDER],
        postgresql_include=["next_at"],
        postgresql_where=CALLABLE,
    )
    op.drop_index("lead_segment_id_idx", table_name="lead")
    op.create_index(
        "lead_segment_id_idx", "lead", ["segment_id"], postgresql_where=sa.text("segment_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("lead_segment_id_idx", table_name="lead")
    op.create_index("lead_segment_id_idx", "lead", ["segment_id"])
    op.drop_index("lead_claim_idx", table_name="lead")
    op.drop_column("lead", "zone")
    op.create_index("lead_claim_idx", "lead", ["campaign_id", "list_id", *ORDER], postgresql_where=CALLABLE)
