"""Alembic's entry: migrate over the connection, and in the transaction, that `windlass.store.migrate` opened."""

from __future__ import annotations

from alembic import context

from windlass.store.schema import metadata

connection = context.config.attributes["connection"]
# One outer transaction for all steps: Alembic must neither commit nor begin one of its own.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
