"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None
# "expand": the release before this one goes on working with the schema (new tables, new columns with a default, indexes).
# "contract": it does not (anything dropped, renamed, or required); give it a release of its own, after the one that needs it no more.
kind = "expand"


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
