"""What is told to people beside incidents, each once: gaps of schedules, shifts that begin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

MOMENT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
UNDONE = sa.text("state <> 'done'")


def upgrade() -> None:
    op.create_table(
        "announcements",
        sa.Column("identity", sa.String(length=120), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("identity"),
    )
    op.create_index("announcements_undone", "announcements", ["due_at"], sqlite_where=UNDONE, postgresql_where=UNDONE)
    op.create_index("announcements_until", "announcements", ["until"])
    op.create_table(
        "gaps",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("schedule", "starts_at", "ends_at"),
    )


def downgrade() -> None:
    op.drop_table("gaps")
    op.drop_index("announcements_until", "announcements")
    op.drop_index("announcements_undone", "announcements")
    op.drop_table("announcements")
