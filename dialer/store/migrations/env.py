"""Alembic's door: runs on the connection that `dialer.store.database` hands over."""

from __future__ import annotations

from alembic import context

from dialer.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
