"""Persons are found by the words of their names: in lower case, without accents, by what the words begin with.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from dialer.store.queries import read_statements

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in read_statements(Path(__file__).parent.parent / "0026_words_of_names.sql").values():
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("person_name_idx", table_name="person")
    op.execute("DROP FUNCTION words_of_name")
