"""Troubles that were gathered in one incident, each with its own end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

MOMENT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("incident_id", BIG, nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=32), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=True),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("incident_id", "dedup_key"),
    )
    op.create_index("members_key", "members", ["service", "dedup_key"])
    op.create_index("members_group", "members", ["service", "incident_id"])


def downgrade() -> None:
    op.drop_index("members_group", "members")
    op.drop_index("members_key", "members")
    op.drop_table("members")
