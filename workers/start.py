"""How the processes of this package begin: they refuse a database whose schema they cannot work with, and say what to run. Not what
they do then."""

from __future__ import annotations

import sys

from escalation.build import must_fit
from escalation.errors import SchemaMismatch
from escalation.settings import Settings


def end_unless_fit(settings: Settings) -> None:
    """Ends the process with one line and exit code 1."""
    try:
        must_fit(settings)
    except SchemaMismatch as mismatch:
        sys.exit(str(mismatch))
