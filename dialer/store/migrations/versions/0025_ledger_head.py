"""The head of a ledger's chain moves once a transaction, so that a large one costs no more a row than a small one.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from dialer.store.queries import read_statements

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).parent.parent


def upgrade() -> None:
    for statement in read_statements(FOLDER / "0025_ledger_head.sql").values():
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER contact_ledger_move_head ON contact_ledger")
    op.execute("DROP FUNCTION contact_ledger_move_head")
    before = read_statements(FOLDER / "0008_ledger.sql")["link"]
    op.execute(before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
