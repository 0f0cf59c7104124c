"""A Slack message that shows several incidents: where it stands, who writes it, and which of them it shows as they were at which turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

OPEN = sa.text("given_up = 0")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("id", BIG, nullable=False, autoincrement=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("posted_at", MOMENT, nullable=False),
        sa.Column("busy_until", MOMENT, nullable=True),
        sa.Column("given_up", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("posts_open", "posts", ["kind"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "shown",
        sa.Column("post_id", BIG, nullable=False),
        sa.Column("incident_id", BIG, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "incident_id", "attempt"),
    )
    op.create_index("shown_attempt", "shown", ["incident_id", "attempt"])


def downgrade() -> None:
    op.drop_table("shown")
    op.drop_table("posts")
