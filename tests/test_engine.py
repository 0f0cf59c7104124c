"""The engine: what one delivery does to the tables, and what twice the same does (nothing)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.domain import events as ev
from escalation.domain.alert import Action, Severity
from escalation.domain.commands import CommandKind
from escalation.domain.dedup import What
from escalation.domain.incident import Status, Via
from escalation.errors import NotFound, UnknownKey
from tests.builders import NIGHT, alert
from tests.office import Office, office  # noqa: F401 - a fixture


def test_an_alert_opens_an_incident_and_wakes_a_worker_for_the_first_call(office: Office) -> None:
    """One transaction, then one nudge."""
    (taken,) = office.engine.take([alert()])
    assert (taken.what, taken.incident_id) == (What.OPENED, 1)
    assert [(j.task_id, j.command.kind) for j in office.nudge.jobs] == [("INC-1.s1.a1.t1", CommandKind.CALL)]


def test_a_repeat_is_counted_and_pages_nobody(office: Office) -> None:
    """One open incident per trouble."""
    office.trouble()
    (taken,) = office.engine.take([alert("db-1 is still down")])
    assert (taken.what, taken.incident_id) == (What.COUNTED, 1)
    assert len(office.jobs()) == 1


def test_the_same_delivery_twice_changes_nothing(office: Office) -> None:
    """A sender that gives its delivery a name may send it as often as it likes, also when the incident is over."""
    office.engine.take([alert(identity="delivery-1")])
    office.engine.tell(1, ev.Resolved("ann", Via.CONSOLE))
    assert office.engine.take([alert(identity="delivery-1")])[0].incident_id is None


def test_a_firing_after_the_incident_was_resolved_opens_a_new_one(office: Office) -> None:
    """By whomever it was resolved, the same start time or not."""
    office.trouble(occurred_at=NIGHT)
    office.engine.tell(1, ev.Resolved("ann", Via.CONSOLE))
    assert office.trouble(occurred_at=NIGHT) == 2


def test_a_resolve_closes_its_incident_and_not_a_newer_one(office: Office) -> None:
    """Late news of an older occurrence is ignored."""
    office.trouble(occurred_at=NIGHT)
    old = alert(action=Action.RESOLVE, occurred_at=NIGHT - timedelta(hours=1))
    assert office.engine.take([old])[0].what is What.IGNORED
    assert office.engine.take([alert(action=Action.RESOLVE, occurred_at=NIGHT)])[0].what is What.RESOLVED
    assert office.incident().status is Status.RESOLVED


def test_a_worse_alert_pages_again(office: Office) -> None:
    """Severity rose."""
    office.trouble(severity=Severity.WARNING)
    office.engine.tell(1, ev.Acknowledged("ann", Via.CONSOLE))
    assert office.engine.take([alert(severity=Severity.CRITICAL)])[0].what is What.ROSE
    assert office.incident().status is Status.TRIGGERED


def test_one_unknown_key_applies_nothing_of_the_delivery(office: Office) -> None:
    """All or nothing, and no secret in the fault."""
    wrong = alert("other", key="other")
    object.__setattr__(wrong, "key", "x" * 32)
    with pytest.raises(UnknownKey) as caught:
        office.engine.take([alert(), wrong])
    assert "x" * 32 not in str(caught.value)
    with pytest.raises(NotFound):
        office.engine.tell(1, ev.Resolved("ann", Via.CONSOLE))


def test_several_alerts_of_one_delivery_each_open_their_own(office: Office) -> None:
    """One body, one transaction, answers in the order asked."""
    taken = office.engine.take([alert("b", key="b"), alert("a", key="a"), alert("b again", key="b")])
    assert [t.what for t in taken] == [What.OPENED, What.OPENED, What.COUNTED]
    assert taken[0].incident_id == taken[2].incident_id != taken[1].incident_id


def test_an_event_with_an_identity_counts_once(office: Office) -> None:
    """A doubled callback changes nothing."""
    office.trouble()
    first = office.engine.tell(1, ev.Escalated("ann", Via.CLI), "key:1")
    second = office.engine.tell(1, ev.Escalated("ann", Via.CLI), "key:1")
    assert (first.fresh, second.fresh) == (True, False)
    assert office.incident().step == 1


def test_a_due_timer_fires_once_whoever_looks_first(office: Office) -> None:
    """Two timekeepers may look at the same time."""
    office.trouble()
    office.work()
    office.clock.move(minutes=5, seconds=1)
    assert office.engine.fire_due() >= 1
    assert office.incident().step == 1
    office.engine.fire_due()
    assert office.incident().step == 1


def test_an_answer_names_the_task_that_caused_it(office: Office) -> None:
    """The chain is visible: the text's parent is the call that nobody answered."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.AttemptEnded(1, 1, ev.Outcome.NO_ANSWER))
    assert [(j.task_id, j.parent_id) for j in office.jobs(CommandKind.TEXT)] == [("INC-1.s1.a2.t1", "INC-1.s1.a1.t1")]
