"""When a campaign ran: an index of its moves in the log, for the days that are played again.

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "call_event_campaigns_idx",
        "call_event",
        ["shard_id", "seq"],
        postgresql_where=sa.text("type = 'CampaignMoved'"),
    )


def downgrade() -> None:
    op.drop_index("call_event_campaigns_idx", "call_event")
