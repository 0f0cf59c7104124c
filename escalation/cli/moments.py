"""Days and times on the command line: ISO 8601, with its own offset or without one. Not what time it is."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import click

from escalation.domain.overrides import EVER

FIRST_YEAR, LAST_YEAR = 2000, 2100


class Moment(click.ParamType[datetime]):
    """`2026-01-05`, `2026-01-05T09:00`, `2026-01-05T09:00+01:00`: aware only if it says its offset."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            found = None
        if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
            self.fail(f"{str(value)[:40]!r} is not a time such as 2026-01-05T09:00", param, ctx)
        return found


MOMENT = Moment()


def instant(said: datetime, zone: tzinfo) -> datetime:
    """In UTC; without an offset of its own it was meant in that zone."""
    return (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)


def local(at: datetime, zone: tzinfo) -> str:
    """`Mon 2026-01-05 09:00` on that zone's wall clock."""
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"


def iso(at: datetime) -> str | None:
    """None for the ends of time: it has always been so, or will be for ever."""
    return None if at in EVER else at.isoformat()
