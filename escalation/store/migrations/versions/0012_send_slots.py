"""When a carrier may be asked for the next call or text, for all workers together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"

MOMENT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "slots",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind"),
    )


def downgrade() -> None:
    op.drop_table("slots")
