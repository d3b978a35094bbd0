"""The newest row of a ledger's chain is found by the index, also in a table that was empty a moment ago.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from dialer.store.queries import read_statements

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in read_statements(Path(__file__).parent.parent / "0029_ledger_by_index.sql").values():
        op.execute(statement)


def downgrade() -> None:
    for name in ("link", "move_head"):
        op.execute(f"ALTER FUNCTION contact_ledger_{name}() RESET ALL")
