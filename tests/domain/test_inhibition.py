"""Who is held back by whom, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.alert import Severity
from escalation.domain.hold import Hold
from escalation.domain.holding import Holding
from escalation.domain.incident import Incident, Status
from escalation.domain.inhibition import Parent
from escalation.domain.maintenance import Scope
from escalation.domain.policy import Inhibition
from tests.builders import NIGHT, incident

HOUR = timedelta(hours=1)
RULE = Inhibition("network", Scope(("network",), at_least=Severity.ERROR), Scope(("payments",)))
CORE = Parent(7, "network", Severity.CRITICAL, NIGHT - HOUR)


def judged(*parents: Parent, rule: Inhibition = RULE, one: Incident | None = None, hours: float = 0) -> Hold | None:
    child = one or incident()
    return Holding((), (rule,), parents).hold(child, child.severity, NIGHT + hours * HOUR)


def test_a_child_is_held_while_its_parent_is_open() -> None:
    """And the reason names the parent."""
    assert judged() is None
    assert judged(CORE) == Hold("network: INC-7 of network is open", NIGHT + 3 * HOUR)


def test_a_parent_that_is_not_bad_enough_or_has_other_labels_is_none() -> None:
    """As the rule says."""
    assert judged(replace(CORE, severity=Severity.WARNING)) is None
    labelled = replace(RULE, parent=Scope(("network",), {"site": "a"}))
    assert judged(CORE, rule=labelled) is None
    assert judged(replace(CORE, labels={"site": "a"}), rule=labelled)


def test_a_child_that_was_paged_before_goes_on_unless_the_rule_stops_it() -> None:
    """By then it was true of itself."""
    later = replace(CORE, opened_at=NIGHT + timedelta(seconds=1))
    assert judged(later) is None
    found = judged(later, rule=replace(RULE, stops=True))
    assert found
    assert found.stops


def test_a_parent_that_nobody_resolves_hides_no_child_for_ever() -> None:
    """Four hours after it opened it holds nothing back any more; nor does a parent that comes and goes hold one child for longer."""
    assert judged(CORE, hours=2.99)
    assert judged(CORE, hours=3) is None
    held = replace(incident(), status=Status.SNOOZED, alarmed=frozenset({Hold("x", NIGHT).word}))
    fresh = replace(CORE, opened_at=NIGHT + 3 * HOUR)
    assert judged(fresh, one=held, hours=3.99)
    assert judged(fresh, one=held, hours=4) is None


def test_no_incident_holds_itself_and_no_parent_is_a_child_of_its_own_rule() -> None:
    """Whatever a rule of labels says."""
    rule = replace(RULE, parent=Scope(("payments",), at_least=Severity.ERROR))
    itself = Parent(42, "payments", Severity.ERROR, NIGHT - HOUR)
    assert judged(itself, rule=rule) is None
    assert judged(replace(itself, id=7), rule=rule) is None
    mild = incident(severity=Severity.WARNING)
    assert judged(replace(itself, id=7), rule=rule, one=mild)


@given(st.lists(st.tuples(st.integers(-300, 300), st.sampled_from(Severity)), max_size=6), st.integers(0, 400), st.booleans())
def test_nothing_is_held_longer_than_the_limit_after_it_began(
    parents: list[tuple[int, Severity]], minute: int, stops: bool
) -> None:
    """Whatever opens and closes beside it."""
    there = tuple(Parent(100 + n, "network", s, NIGHT + timedelta(minutes=m)) for n, (m, s) in enumerate(parents))
    found = judged(*there, rule=replace(RULE, stops=stops), hours=minute / 60)
    assert found is None or NIGHT + timedelta(minutes=minute) < found.until <= NIGHT + RULE.limit
