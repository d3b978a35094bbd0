"""The contact ledger, hash-chained and only ever added to; who approved which doubtful rule.

Revision 0008, after 0007.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from dialer.store.queries import read_statements

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TRIGGERS = Path(__file__).parent.parent / "0008_ledger.sql"


def upgrade() -> None:
    op.create_table(
        "contact_ledger_head",
        sa.Column("chain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("contact_ledger_head_pkey")),
    )
    op.create_table(
        "contact_ledger",
        sa.Column("chain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("counts", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("phone_id", sa.BigInteger(), nullable=True),
        sa.Column("debts", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("creditor", sa.Text(), nullable=True),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("contact_ledger_person_id_fkey")),
        sa.PrimaryKeyConstraint("chain", "n", name=op.f("contact_ledger_pkey")),
        sa.UniqueConstraint("reference", name=op.f("contact_ledger_reference_key")),
    )
    op.create_index("contact_ledger_person_id_idx", "contact_ledger", ["person_id", sa.text("at DESC")])
    op.create_index(
        "contact_ledger_attempt_id_idx",
        "contact_ledger",
        ["attempt_id"],
        postgresql_where=sa.text("attempt_id IS NOT NULL"),
    )
    op.create_table(
        "rule_approval",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_set", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("rule_approval_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("rule_approval_pkey")),
    )
    op.create_index("rule_approval_rule_set_idx", "rule_approval", ["rule_set", "rule_id"])
    for statement in read_statements(TRIGGERS).values():
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("rule_approval")
    op.drop_table("contact_ledger")
    op.drop_table("contact_ledger_head")
    op.execute("DROP FUNCTION contact_ledger_link, contact_ledger_keep")
