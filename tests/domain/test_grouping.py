"""Which troubles belong together, and what is said of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.domain.alert import Severity
from escalation.domain.grouping import Grouping, Member, headline, joined, left
from tests.builders import NIGHT, alert


@pytest.mark.parametrize(
    ("by", "one", "other", "together"),
    [
        ((), {"a": "1"}, {}, True),
        (("rack",), {"rack": "a", "host": "1"}, {"rack": "a", "host": "2"}, True),
        (("rack",), {"rack": "a"}, {"rack": "b"}, False),
        (("rack",), {"rack": 5}, {"rack": "5"}, True),
        (("rack",), {}, {"host": "1"}, True),
        (("rack",), {"rack": ""}, {}, False),
        (("a", "b"), {"a": "x", "b": "y"}, {"a": "y", "b": "x"}, False),
    ],
)
def test_what_has_the_same_details_belongs_together(
    by: tuple[str, ...], one: dict[str, object], other: dict[str, object], together: bool
) -> None:
    """As they are written; one that is missing is not the same as an empty one."""
    assert (Grouping(by).key(one) == Grouping(by).key(other)) is together


def test_a_resolve_for_an_older_occurrence_ends_nothing_newer() -> None:
    """Of its own trouble; when the others began does not matter."""
    later = alert(occurred_at=NIGHT + timedelta(minutes=1))
    member = Member(1, Severity.ERROR, NIGHT, is_open=True)
    assert member.is_over_by(later)
    assert member.is_over_by(alert())
    assert not member.is_over_by(alert(occurred_at=NIGHT - timedelta(minutes=1)))
    assert not Member(1, Severity.ERROR, NIGHT, is_open=False).is_over_by(later)


def test_what_is_said_tells_how_many_there_are() -> None:
    """The worst one's words, then the number."""
    assert [headline("db-1 is down", n) for n in (0, 1, 2, 40)] == [
        "db-1 is down",
        "db-1 is down",
        "db-1 is down (and 1 more)",
        "db-1 is down (and 39 more)",
    ]
    assert joined(alert("db-2 is down", severity=Severity.ERROR), NIGHT).text == "Belongs to it, too: error, db-2 is down"
    assert left(alert("db-2 is fine"), 1, NIGHT).text == "Right again: db-2 is fine; 1 other is not"
    assert left(alert("", key="db-2"), 2, NIGHT).text == "Right again: db-2; 2 others are not"
