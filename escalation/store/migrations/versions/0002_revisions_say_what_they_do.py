"""Each revision's kind is kept in the database, for programs one release older; indexes for counting incidents by status and for
commands that nobody was told of yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

UNNUDGED = sa.text("state = 'pending' AND nudged_at IS NULL")


def upgrade() -> None:
    revisions = op.create_table(
        "schema_revisions",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
    )
    op.bulk_insert(revisions, [{"revision": "0001", "kind": "expand"}])  # when it was applied there was no such table
    op.create_index("incidents_status", "incidents", ["status"])
    op.create_index(
        "outbox_unnudged", "outbox", ["urgency", "due_at", "id"], sqlite_where=UNNUDGED, postgresql_where=UNNUDGED
    )


def downgrade() -> None:
    op.drop_index("outbox_unnudged", "outbox")
    op.drop_index("incidents_status", "incidents")
    op.drop_table("schema_revisions")
