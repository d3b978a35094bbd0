"""Machine verdicts are counted when a shard starts, by indexes that hold nothing else.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "screening_verdict_ended_idx",
        "screening_verdict",
        ["campaign_id", "judged_at"],
        postgresql_where=sa.text("mode = 'on' AND NOT to_agent AND label <> 'SIT'"),
    )
    op.create_index(
        "screening_verdict_control_idx",
        "screening_verdict",
        ["campaign_id", "judged_at", "attempt_id"],
        postgresql_where=sa.text("control AND label <> 'SIT'"),
    )


def downgrade() -> None:
    op.drop_index("screening_verdict_control_idx", table_name="screening_verdict")
    op.drop_index("screening_verdict_ended_idx", table_name="screening_verdict")
