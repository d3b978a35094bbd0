"""When a campaign ran: an index of its moves in the log, for the days that are played again.

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
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
