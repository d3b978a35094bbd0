"""One index on the persons of leads instead of two, and where a campaign's leads lie in some kilobytes.

Revision ID: 0030
Revises: 0029
"""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_unique_constraint("lead_person_id_campaign_id_key", "lead", ["person_id", "campaign_id"])
    op.create_index("lead_campaign_id_idx", "lead", ["campaign_id"], postgresql_using="brin")
    op.drop_constraint("lead_campaign_id_person_id_key", "lead")
    op.drop_index("lead_person_id_idx", table_name="lead")


def downgrade() -> None:
    op.create_index("lead_person_id_idx", "lead", ["person_id"])
    op.create_unique_constraint("lead_campaign_id_person_id_key", "lead", ["campaign_id", "person_id"])
    op.drop_index("lead_campaign_id_idx", table_name="lead")
    op.drop_constraint("lead_person_id_campaign_id_key", "lead")
