"""Alembic's entry: runs the revisions on the connection that `schema` opened, inside its transaction and its lock, and notes of each what
it does to programs one release older, and which release it belongs to. Not for use by the `alembic` command (there is no alembic.ini): a schema changes only under
that lock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from sqlalchemy import Connection, delete, insert, inspect

from escalation.store.tables import metadata, schema_revisions


def run(connection: Connection) -> None:
    # Batch mode: SQLite alters a table by building it anew.
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True, on_version_apply=note
    )
    context.run_migrations()


def note(ctx: MigrationContext, step: MigrationInfo, heads: Collection[object], run_args: Mapping[str, object]) -> None:
    """Every revision has a `kind`: `expand` if the release before its own goes on working with the schema, else `contract`."""
    connection, script = ctx.connection, cast("Script", step.up_revision)
    assert connection is not None
    if not inspect(connection).has_table(schema_revisions.name):
        return  # older than the table
    if step.is_upgrade:
        connection.execute(
            insert(schema_revisions).values(revision=script.revision, kind=f"{script.module.kind} {script.module.release}")
        )
    else:
        connection.execute(delete(schema_revisions).where(schema_revisions.c.revision == script.revision))


run(context.config.attributes["connection"])
