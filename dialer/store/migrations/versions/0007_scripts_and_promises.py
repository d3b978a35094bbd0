"""Scripts by version, the runs of them, webhooks taken; results with effects of their own; no lead closed unsaid.

Revision 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: Codes of the default list whose effect was the plain `finish` or `retry` before there were finer ones.
_FINER = ("promise", "paid", "dispute", "hardship", "refused", "deceased")


def upgrade() -> None:
    op.create_table(
        "script_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("script_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("share", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("graph", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'retired')", name=op.f("script_version_state_check")
        ),
        sa.CheckConstraint(
            "share BETWEEN 0 AND 100 AND (share = 0 OR state = 'published')",
            name=op.f("script_version_share_check"),
        ),
        sa.CheckConstraint(
            "state = 'draft' OR published_at IS NOT NULL", name=op.f("script_version_published_check")
        ),
        sa.ForeignKeyConstraint(["script_id"], ["script.id"], name=op.f("script_version_script_id_fkey")),
        sa.ForeignKeyConstraint(["created_by"], ["app_user.id"], name=op.f("script_version_created_by_fkey")),
        sa.ForeignKeyConstraint(
            ["published_by"], ["app_user.id"], name=op.f("script_version_published_by_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("script_version_pkey")),
        sa.UniqueConstraint("script_id", "number", name=op.f("script_version_script_id_number_key")),
    )
    op.create_table(
        "script_run",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("script_run_attempt_id_fkey")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["script_version.id"], name=op.f("script_run_version_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("script_run_pkey")),
    )
    op.create_index("script_run_version_id_idx", "script_run", ["version_id"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("webhook_delivery_pkey")),
    )
    # A text of one page is a script of one step.
    op.execute(
        """
        INSERT INTO script_version (script_id, number, state, share, graph, created_at, published_at)
        SELECT id, 1, 'published', 100,
               jsonb_build_object(
                   'start', 'page',
                   'steps', jsonb_build_array(
                       jsonb_build_object('id', 'page', 'title', left(name, 80), 'say', body)
                   )
               ),
               created_at, created_at
        FROM script
        """
    )
    for code in _FINER:
        op.execute(f"UPDATE disposition SET effect = '{code}' WHERE code = '{code}' AND effect = 'finish'")  # noqa: S608
    op.execute(
        "UPDATE disposition SET effect = 'third_party' WHERE code = 'third_party' AND effect = 'retry'"
    )
    op.execute("UPDATE disposition SET effect = 'machine' WHERE code = 'voicemail' AND effect = 'retry'")
    op.execute("UPDATE campaign SET version = version + 1")  # running shards read their dispositions again
    op.execute(
        "UPDATE lead SET state_reason = 'unknown' WHERE state IN ('finished', 'suppressed') AND state_reason IS NULL"
    )
    op.create_check_constraint(
        op.f("lead_closed_check"),
        "lead",
        "state NOT IN ('finished', 'suppressed') OR state_reason IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("lead_closed_check"), "lead")
    op.drop_table("webhook_delivery")
    op.drop_table("script_run")
    op.drop_table("script_version")
