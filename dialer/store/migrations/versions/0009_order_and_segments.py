"""What a lead is worth, lists by share, contact plans; segments by conditions, with their treatment and moves.

Revision 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lead", sa.Column("value", sa.REAL(), server_default="0", nullable=False))
    op.add_column("lead", sa.Column("part", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("lead_list", sa.Column("share", sa.Double(), nullable=True))
    op.create_check_constraint(op.f("lead_list_share_check"), "lead_list", "share > 0")
    op.add_column("campaign", sa.Column("contact_plan", postgresql.JSONB(), nullable=True))
    # Callable is due now, resting is due later: the claim's index holds the first, in the order of the claim.
    op.execute("UPDATE lead SET state = 'resting' WHERE state = 'callable' AND next_at > now()")
    op.drop_index("lead_claim_idx", table_name="lead")
    op.create_index(
        "lead_claim_idx",
        "lead",
        [
            "campaign_id",
            "list_id",
            "part",
            sa.literal_column("priority DESC"),
            sa.literal_column("value DESC"),
            "id",
        ],
        postgresql_where=sa.text("state = 'callable'"),
    )
    op.create_index(
        "lead_resting_idx",
        "lead",
        ["campaign_id", "next_at", "id"],
        postgresql_where=sa.text("state = 'resting'"),
    )
    op.create_table(
        "campaign_order",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("contact_rate", sa.Double(), nullable=False),
        sa.Column("factors", sa.ARRAY(sa.REAL()), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("campaign_order_campaign_id_fkey")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("campaign_order_pkey")),
    )
    op.add_column("segment", sa.Column("conditions", postgresql.JSONB(), nullable=True))
    op.add_column("segment", sa.Column("position", sa.Integer(), server_default="0", nullable=False))
    op.add_column("segment", sa.Column("active", sa.Boolean(), server_default="true", nullable=False))
    op.add_column("segment", sa.Column("campaign_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("segment_campaign_id_fkey"), "segment", "campaign", ["campaign_id"], ["id"])
    op.add_column("segment", sa.Column("priority", sa.SmallInteger(), nullable=True))
    op.add_column("segment", sa.Column("caller_id", sa.Text(), nullable=True))
    op.add_column("segment", sa.Column("number_order", sa.Text(), server_default="listed", nullable=False))
    op.add_column("segment", sa.Column("target_handling_s", sa.Integer(), nullable=True))
    op.create_index("lead_segment_id_idx", "lead", ["segment_id"])
    op.create_table(
        "segment_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leads", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("moved", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("segment_run_pkey")),
    )
    op.create_table(
        "segment_move",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=True),
        sa.Column("to_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["segment.id"], name=op.f("segment_move_from_id_fkey")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("segment_move_lead_id_fkey")),
        sa.ForeignKeyConstraint(["run_id"], ["segment_run.id"], name=op.f("segment_move_run_id_fkey")),
        sa.ForeignKeyConstraint(["to_id"], ["segment.id"], name=op.f("segment_move_to_id_fkey")),
        sa.PrimaryKeyConstraint("run_id", "lead_id", name=op.f("segment_move_pkey")),
    )


def downgrade() -> None:
    op.drop_table("segment_move")
    op.drop_table("segment_run")
    op.drop_index("lead_segment_id_idx", table_name="lead")
    for column in (
        *("target_handling_s", "number_order", "caller_id", "priority", "campaign_id", "active"),
        *("position", "conditions"),
    ):
        op.drop_column("segment", column)
    op.drop_table("campaign_order")
    op.drop_index("lead_resting_idx", table_name="lead")
    op.drop_index("lead_claim_idx", table_name="lead")
    op.create_index(
        "lead_claim_idx",
        "lead",
        ["campaign_id", sa.literal_column("priority DESC"), "next_at", "id"],
        postgresql_where=sa.text("state IN ('callable', 'resting')"),
    )
    op.drop_column("campaign", "contact_plan")
    op.drop_column("lead_list", "share")
    op.drop_column("lead", "part")
    op.drop_column("lead", "value")
