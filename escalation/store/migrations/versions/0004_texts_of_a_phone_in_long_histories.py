"""An index for finding the texts that went to a phone since the oldest open incident, however many went to it before."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.2.0"


def upgrade() -> None:
    op.create_index("attempts_phone", "attempts", ["address", "channel", "incident_id"])
    op.drop_index("attempts_address", "attempts")


def downgrade() -> None:
    op.create_index("attempts_address", "attempts", ["address", "channel"])
    op.drop_index("attempts_phone", "attempts")
