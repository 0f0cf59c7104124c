"""A site that was restored from a backup is held: nothing is sent until somebody lets it go on. And indexes for going through the open
incidents one page after the other, and through the closed ones from the oldest on, however many closed ones there are; and through old
identities, nonces apart, as those are kept longer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

MOMENT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
OPEN = sa.text("status <> 'resolved'")
NONCE = sa.text("substr(identity, 1, 3) = 'v2:'")
NO_NONCE = sa.text("substr(identity, 1, 3) <> 'v2:'")


def upgrade() -> None:
    op.create_table(
        "held",
        sa.Column("why", sa.String(length=120), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("why"),
    )
    op.create_index("incidents_open", "incidents", ["id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("incidents_age", "incidents", ["status", "opened_at"])
    op.drop_index("incidents_status", "incidents")
    op.create_index("inbox_seen", "inbox", ["seen_at"], sqlite_where=NO_NONCE, postgresql_where=NO_NONCE)
    op.create_index("inbox_nonces", "inbox", ["seen_at"], sqlite_where=NONCE, postgresql_where=NONCE)
    op.drop_index("ix_inbox_seen_at", "inbox")


def downgrade() -> None:
    op.create_index("ix_inbox_seen_at", "inbox", ["seen_at"])
    op.drop_index("inbox_nonces", "inbox")
    op.drop_index("inbox_seen", "inbox")
    op.create_index("incidents_status", "incidents", ["status"])
    op.drop_index("incidents_age", "incidents")
    op.drop_index("incidents_open", "incidents")
    op.drop_table("held")
