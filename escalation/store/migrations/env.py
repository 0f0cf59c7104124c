"""Alembic's entry: runs the revisions on the connection that `schema` opened, inside its transaction and its lock. Not for use by
the `alembic` command (there is no alembic.ini): a schema changes only under that lock."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from escalation.store.tables import metadata


def run(connection: Connection) -> None:
    # Batch mode: SQLite alters a table by building it anew.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    context.run_migrations()


run(context.config.attributes["connection"])
