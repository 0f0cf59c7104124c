"""Whether people who are called before their shifts pressed the key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

MOMENT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "reach",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("shift_at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered", sa.Integer(), nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("person"),
    )


def downgrade() -> None:
    op.drop_table("reach")
