"""What goes into a column comes out of it: random values through the types that store them, on both dialects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from escalation.domain.incident import Outcome, Status
from escalation.domain.policy import Policy, Rung, Service, Site, Step
from escalation.domain.roster import Channel, ContactMethod, Responder, Roster, Target, TargetKind
from escalation.store.tables import attempts, incidents, pages, sites
from escalation.store.types import Details, Moment, Money, Word, Words, clean

SQLITE, POSTGRESQL = sqlite.dialect(), postgresql.dialect()

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
spans = st.timedeltas(timedelta(0), timedelta(days=400))
rungs = st.builds(Rung, st.sampled_from(Channel), spans)
targets = st.builds(Target, st.sampled_from(TargetKind), words)
steps = st.builds(Step, st.lists(targets, max_size=3).map(tuple), spans, st.lists(rungs, max_size=3).map(tuple))
policies = st.builds(
    Policy, words, st.lists(steps, max_size=3).map(tuple), st.integers(1, 9), steps, spans, st.none() | spans, spans, spans
)
contacts = st.builds(ContactMethod, st.sampled_from(Channel), words, words)
people = st.builds(Responder, words, words, st.lists(contacts, max_size=3).map(tuple), words, words, st.booleans())
rosters = st.builds(
    Roster, st.dictionaries(words, people, max_size=3), st.dictionaries(words, st.lists(words, max_size=3).map(tuple), max_size=3)
)
services = st.builds(Service, words, st.lists(words, max_size=2).map(tuple), words)
site_values = st.builds(
    Site,
    rosters,
    st.dictionaries(words, services, max_size=2),
    st.dictionaries(words, policies, max_size=2),
    steps,
    st.integers(0),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
)


def through(column_type: object, value: object) -> object:
    """There and back through SQLite's form, as text."""
    bound = column_type.process_bind_param(value, SQLITE)  # type: ignore[attr-defined]
    assert bound is None or isinstance(bound, str)
    assert bound is None or "\0" not in bound
    if isinstance(column_type, Words):
        return bound
    return column_type.process_result_value(bound, SQLITE)  # type: ignore[attr-defined]


@given(policies)
def test_a_policy_comes_back(value: Policy) -> None:
    """Frozen with its incident, for months."""
    assert through(incidents.c.policy.type, value) == value


@given(site_values)
def test_a_site_comes_back(value: Site) -> None:
    """People, teams, services, policies."""
    assert through(sites.c.site.type, value) == value


@given(st.lists(rungs, max_size=4).map(tuple))
def test_a_ladder_comes_back(value: tuple[Rung, ...]) -> None:
    """Order and pauses."""
    assert through(pages.c.ladder.type, value) == value


@given(st.dictionaries(st.integers(1, 99), words, max_size=4))
def test_references_keep_their_tries(value: dict[int, str]) -> None:
    """JSON has no number keys; ours come back as numbers."""
    assert through(attempts.c.references.type, value) == value


@given(st.dictionaries(words, json_values, max_size=4))
def test_details_come_back(value: dict[str, object]) -> None:
    """Whatever JSON a sender attached."""
    assert through(Details(), value) == value


@given(st.dictionaries(st.text(st.characters(), max_size=5), st.text(st.characters(), max_size=9)))
def test_details_lose_only_what_a_database_refuses(value: dict[str, object]) -> None:
    """NUL and lone surrogates go, the rest stays: backslashes before them too."""
    odd = {"k": list(value.values())}
    assert through(Details(), odd) == {"k": [clean(str(v)) for v in value.values()]}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9, places=7))
def test_money_is_exact(value: Decimal) -> None:
    """Fractions of a cent add up."""
    assert through(Money(), value) == value


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.timezones()), st.datetimes(timezones=st.just(UTC)))
def test_moments_come_back_aware_and_sort_as_text(one: datetime, two: datetime) -> None:
    """SQLite compares the text of moments: its order must be theirs, microseconds or not, whatever the zone."""
    assert through(Moment(), one) == one.astimezone(UTC)  # an hour that happens twice equals nothing in another zone
    texts = [Moment().process_bind_param(moment, SQLITE) for moment in (one, two)]
    assert (texts[0] < texts[1]) == (one.astimezone(UTC) < two)
    assert Moment().process_bind_param(one, POSTGRESQL) == one.astimezone(UTC)


def test_a_moment_without_a_zone_is_refused() -> None:
    """Nobody knows what it means."""
    with pytest.raises(ValueError, match="time zone"):
        Moment().process_bind_param(datetime(2026, 1, 1), SQLITE)


@given(st.text(st.characters()))
def test_text_can_always_be_stored(value: str) -> None:
    """UTF-8 without NUL, unchanged when it was that already."""
    stored = Words().process_bind_param(value, SQLITE)
    assert stored is not None
    stored.encode()
    assert "\0" not in stored
    assert clean(stored) == stored


@pytest.mark.parametrize("value", [*Status, None])
def test_words_of_an_enumeration_come_back(value: Status | None) -> None:
    """As the enumeration's member, not as text."""
    assert through(Word(Status), value) is value


def test_a_word_that_is_not_one_is_refused() -> None:
    """A wrong value fails when it is written, not at three in the morning when it is read."""
    with pytest.raises(ValueError, match="busy"):
        Word(Status).process_bind_param(Outcome.BUSY, SQLITE)  # type: ignore[arg-type]


@pytest.mark.parametrize("column_type", [Words(), Moment(), Money(), Details(), incidents.c.links.type])
def test_nothing_stays_nothing(column_type: object) -> None:
    """None is NULL."""
    assert through(column_type, None) is None
