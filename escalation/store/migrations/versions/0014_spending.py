"""What each day has cost so far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "spending",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("millionths", BIG, nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("of", BIG, nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )


def downgrade() -> None:
    op.drop_table("spending")
