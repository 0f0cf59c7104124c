"""What may come into a Slack message that stands there, and how it is put in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.alert import Severity
from escalation.domain.incident import Status
from escalation.domain.shown import FRESH, MOST, Line, in_order, may_join
from tests.builders import NIGHT

ERROR, CRITICAL = Severity.ERROR, Severity.CRITICAL


def line(number: int, severity: Severity = ERROR, status: Status = Status.TRIGGERED) -> Line:
    return Line(number, 1, 1, number, severity, "payments", f"db-{number} is down", status, turn=1)


def joins(*lines: Line, severity: Severity = ERROR, number: int = 99, after: timedelta = timedelta(seconds=10)) -> bool:
    return may_join(number, severity, lines, NIGHT, NIGHT + after)


def test_what_comes_joins_what_somebody_has_yet_to_look_at() -> None:
    """The phone made a sound for that one."""
    assert joins(line(1))
    assert joins(line(1, status=Status.EXHAUSTED))
    assert joins(line(1, status=Status.ACKNOWLEDGED), line(2))


@pytest.mark.parametrize("status", [Status.ACKNOWLEDGED, Status.RESOLVED])
def test_what_is_looked_after_takes_nothing_along(status: Status) -> None:
    """Whoever took all of them looks at that message no more; nor into an empty one."""
    assert not joins(line(1, status=status))
    assert not joins()


def test_what_is_more_severe_makes_a_sound_of_its_own() -> None:
    """More than the worst that nobody has, whatever was there before."""
    assert not joins(line(1), severity=CRITICAL)
    assert joins(line(1, CRITICAL), severity=CRITICAL)
    assert joins(line(1, CRITICAL), severity=Severity.WARNING)
    assert not joins(line(1, CRITICAL, Status.ACKNOWLEDGED), line(2), severity=CRITICAL)


def test_a_message_is_fresh_for_five_minutes() -> None:
    """To the second; and not before it was posted, on a clock that was put back."""
    assert joins(line(1), after=FRESH - timedelta(seconds=1))
    assert not joins(line(1), after=FRESH)
    assert joins(line(1), after=timedelta(seconds=-2))
    assert not joins(line(1), after=timedelta(seconds=-3))


def test_who_is_paged_again_is_never_slipped_into_the_same_message() -> None:
    """It stands there already: an edit would be no page."""
    assert joins(line(1), number=2)
    assert not joins(line(1), number=1)


def test_a_message_is_full_at_fifty() -> None:
    """Its button takes each of them while Slack waits."""
    assert joins(*map(line, range(1, MOST)))
    assert not joins(*map(line, range(1, MOST + 1)))


LINES = st.lists(
    st.builds(line, st.integers(1, 60), st.sampled_from(Severity), st.sampled_from(Status)),
    unique_by=lambda each: each.incident_id,
)


@given(LINES)
def test_what_nobody_has_comes_first_and_the_worst_of_it_before_the_rest(lines: list[Line]) -> None:
    """Nothing is dropped or doubled, and the order in which they came does not matter."""
    ordered = in_order(lines)
    assert sorted(each.incident_id for each in ordered) == sorted(each.incident_id for each in lines)
    assert [each.is_wanted for each in ordered] == sorted((each.is_wanted for each in lines), reverse=True)
    for one, next_ in pairwise(ordered):
        if one.is_wanted is next_.is_wanted:
            assert (one.severity.rank, one.incident_id) < (next_.severity.rank, next_.incident_id)
    assert in_order(list(reversed(lines))) == ordered


def test_it_is_the_status_that_says_whether_somebody_has_it() -> None:
    """Snoozed and acknowledged are somebody's; exhausted is nobody's."""
    wanted = {status for status in Status if replace(line(1), status=status).is_wanted}
    assert wanted == {Status.TRIGGERED, Status.EXHAUSTED}
