"""Which maintenance windows are on, whom they mean, and which are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.alert import Severity
from escalation.domain.maintenance import Maintenance, Planned, Recurring, Scope, on_now, opening, refusals
from escalation.domain.week import Week, daily
from tests.builders import NIGHT

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
PAYMENTS = Scope(("payments",))


def nightly(opens: str, closes: str, zone: ZoneInfo = BERLIN) -> Recurring:
    hours = daily(
        range(7), datetime.fromisoformat(f"2026-01-01T{opens}").time(), datetime.fromisoformat(f"2026-01-01T{closes}").time()
    )
    return Recurring("backups", PAYMENTS, Week.of(hours), zone, "nightly backup")


@pytest.mark.parametrize(
    ("scope", "is_meant"),
    [
        (PAYMENTS, True),
        (Scope(("mail",)), False),
        (Scope((), {"host": "db-1"}), True),
        (Scope(("payments",), {"host": "db-2"}), False),
        (Scope((), {"host": "db-1", "rack": "5"}), True),
        (Scope((), {"spare": "true"}), True),
        (Scope((), {"room": "x"}), False),
        (Scope(("payments",), {}, Severity.WARNING), False),
        (Scope(("payments",), {}, Severity.ERROR), True),
    ],
)
def test_a_scope_means_services_details_and_severities(scope: Scope, is_meant: bool) -> None:
    """All that it says must hold; a detail that is a number or a truth is compared as it is written."""
    details = {"host": "db-1", "rack": 5, "spare": True}
    assert scope.covers("payments", details, Severity.ERROR) is is_meant


def test_a_recurring_window_is_on_by_its_own_clock() -> None:
    """From its beginning to the moment of its end, which is not in it."""
    window = nightly("02:00", "04:00")
    assert opening(window, datetime(2026, 11, 23, 0, 59, 59, tzinfo=UTC)) is None
    found = opening(window, datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
    assert found
    assert (found.start, found.end) == (datetime(2026, 11, 23, 1, tzinfo=UTC), datetime(2026, 11, 23, 3, tzinfo=UTC))
    assert found.why == "maintenance backups (nightly backup)"
    assert opening(window, datetime(2026, 11, 23, 3, tzinfo=UTC)) is None


def test_a_window_past_midnight_is_one() -> None:
    """What begins at 23:50 is held to 01:00, not to midnight."""
    found = opening(nightly("23:00", "01:00"), datetime(2026, 11, 22, 22, 50, tzinfo=UTC))
    assert found
    assert found.end == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opens", "closes", "at", "hours"),
    [
        # 2026-03-29 01:00 UTC: 02:00 becomes 03:00
        ("01:00", "04:00", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), (datetime(2026, 3, 29, 0), datetime(2026, 3, 29, 2))),
        ("02:00", "03:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), None),
        ("02:30", "04:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), (datetime(2026, 3, 29, 1), datetime(2026, 3, 29, 2))),
        # 2026-10-25 01:00 UTC: 03:00 becomes 02:00 once more
        ("01:00", "04:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), (datetime(2026, 10, 24, 23), datetime(2026, 10, 25, 3))),
        ("02:00", "03:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), (datetime(2026, 10, 25, 0), datetime(2026, 10, 25, 2))),
        ("02:15", "02:45", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), None),
    ],
)
def test_on_the_nights_on_which_clocks_are_changed(
    opens: str, closes: str, at: datetime, hours: tuple[datetime, datetime] | None
) -> None:
    """An edge that is missing comes at the first instant after the gap, one that comes twice is the first (complaint 8: DST mistakes)."""
    found = opening(nightly(opens, closes), at)
    assert (found and (found.start, found.end)) == (hours and tuple(t.replace(tzinfo=UTC) for t in hours))


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"]),
    st.integers(0, 23),
    st.integers(1, 23),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
)
def test_a_window_is_never_open_longer_than_it_says(zone: str, opens: int, lasts: int, at: datetime) -> None:
    """On any night of any zone it has begun, it ends, and all through it the same window is on."""
    window = nightly(f"{opens:02}:00", f"{(opens + lasts) % 24:02}:00", ZoneInfo(zone))
    now = at.replace(tzinfo=UTC)
    found = opening(window, now)
    if found:
        assert found.start <= now < found.end <= now + timedelta(hours=lasts + 1)
        assert opening(window, found.start) == opening(window, found.end - timedelta(seconds=1)) == found
        after = opening(window, found.end)
        assert after is None or after.start == found.end


def test_a_planned_window_is_on_until_it_ends_or_is_ended() -> None:
    """Its own end is not in it."""
    what = Planned(PAYMENTS, NIGHT, NIGHT + HOUR, "new disks")
    one = Maintenance(3, what, "ann", NIGHT)
    assert [w.why for w in on_now({}, [one], NIGHT)] == ["maintenance 3 (new disks)"]
    assert on_now({}, [one], NIGHT + HOUR) == ()
    assert on_now({}, [Maintenance(3, what, "ann", NIGHT, "bob", NIGHT)], NIGHT) == ()


def refused(**changes: object) -> list[str]:
    said: dict[str, object] = {"scope": PAYMENTS, "start": NIGHT, "end": NIGHT + HOUR, "reason": "new disks"}
    return list(refusals(Planned(**said | changes), ["payments"], NIGHT))  # type: ignore[arg-type]


def test_what_cannot_be_is_refused_with_every_reason() -> None:
    """Longer than a week, in the past, of everything at once, of nothing there is, without a reason."""
    assert refused() == refused(start=NIGHT - timedelta(seconds=30)) == []
    assert refused(end=NIGHT + timedelta(days=7, minutes=1)) == ["it lasts 7.0 days: 7 at most"]
    assert refused(start=NIGHT - 2 * HOUR, end=NIGHT) == ["it is in the past"]
    assert refused(start=NIGHT - HOUR) == ["it begins in the past: let it begin now"]
    assert refused(end=NIGHT) == ["it ends before it begins"]
    both = refused(scope=Scope(("paymnts",)), reason=" ")
    assert [line.partition(":")[0] for line in both] == ["there is no service paymnts", "it needs a reason"]
    assert refused(scope=Scope()) == ["it needs a service or a label: everything at once is never under maintenance"]
