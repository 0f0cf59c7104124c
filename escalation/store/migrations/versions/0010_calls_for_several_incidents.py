"""A call that speaks for several incidents: which attempt placed it, how it ended, and what each of its menus spoke of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

MOMENT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNTOLD = sa.text("ended_at IS NOT NULL AND told_at IS NULL")


def upgrade() -> None:
    op.add_column("calls", sa.Column("incident_id", BIG, nullable=True))
    op.add_column("calls", sa.Column("attempt", sa.Integer(), nullable=True))
    op.add_column("calls", sa.Column("outcome", sa.String(length=32), nullable=True))
    op.add_column("calls", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("told_at", MOMENT, nullable=True))
    op.create_index("calls_by", "calls", ["incident_id", "attempt"])
    op.create_index("calls_untold", "calls", ["id"], sqlite_where=UNTOLD, postgresql_where=UNTOLD)
    op.create_table(
        "menus",
        sa.Column("call_id", BIG, nullable=False),
        sa.Column("try_", sa.Integer(), nullable=False),
        sa.Column("hop", sa.Integer(), nullable=False),
        sa.Column("menu", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=4), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "try_", "hop"),
    )


def downgrade() -> None:
    op.drop_table("menus")
    op.drop_index("calls_untold", "calls")
    op.drop_index("calls_by", "calls")
    for column in ("told_at", "reason", "outcome", "attempt", "incident_id"):
        op.drop_column("calls", column)
