"""The self-test's rules. It is an incident like any other, with a policy made in code: one call to a number that a machine answers, nobody
else, no last resort. Its own callback closes it: the signed word that this very call was picked up. Whatever else becomes of it (the
policy used up, somebody's key or button) closes it too, as failed: it never stays open and never pages a second time. Not when a
test begins, and not what is made of its age."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from escalation.domain import events as ev
from escalation.domain.draft import Draft
from escalation.domain.incident import AttemptStatus, Incident, Status, Via
from escalation.domain.paging import stand_down
from escalation.domain.policy import SELF_TEST, Policy, Rung, Service, Site, Step
from escalation.domain.roster import Channel, ContactMethod, Responder, Roster, Target, TargetKind
from escalation.domain.timeline import EntryKind

# Heartbeats: when one was begun last, and when one last ended this way or that.
BEGUN, PASSED, FAILED = "self-test begun", "self-test passed", "self-test failed"
TAKES = timedelta(minutes=2)  # from the claim on: the call queued at the carrier, ringing, picked up; a redial among it
STEP = Step((Target(TargetKind.PERSON, SELF_TEST),), TAKES, (Rung(Channel.VOICE),))
# Of the self-test, and of a call before a shift.
PASSED_WORDS = ("Self-test passed: the call was picked up, and its callback closed this.", "Reachable: the key was pressed.")
FAILED_WORDS = ("Self-test failed: no callback of its call closed it.", "Not reachable: no key was pressed.")
BY_THE_CALL = (ev.AttemptAnswered, ev.MachineDetected)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """`key` is an intake key of its own."""

    number: str = field(repr=False)
    key: str = field(repr=False)

    def beside(self, site: Site) -> Site:
        """The site with the self-test's service beside those of the configuration; one without any stays as it is."""
        if not site.services:
            return site
        services = {**site.services, SELF_TEST: Service(SELF_TEST, (self.key,), SELF_TEST)}
        policy = Policy(SELF_TEST, (STEP,), test_number=self.number)
        return replace(site, services=services, policies={**site.policies, SELF_TEST: policy})


def nobody_but_the_phone(policy: Policy) -> Roster:
    """Whom a self-test can page: there is nobody else in it."""
    contact = ContactMethod(Channel.VOICE, policy.test_number)
    if policy.test_of:
        return Roster({policy.test_of: Responder(policy.test_of, policy.test_of, (contact,))})
    return Roster({SELF_TEST: Responder(SELF_TEST, "the self-test's phone", (contact,))})


def conclude(draft: Draft, event: ev.Event) -> None:
    """After each event. Only while it waits for its call it goes on."""
    if draft.incident.status is Status.RESOLVED:
        return
    if _came_through(draft.incident, event):
        _close(draft, _tester(draft.incident), PASSED_WORDS[bool(draft.incident.policy.test_of)])
    elif draft.incident.status is not Status.TRIGGERED:
        _close(draft, "", FAILED_WORDS[bool(draft.incident.policy.test_of)])


def has_passed(incident: Incident) -> bool:
    return incident.status is Status.RESOLVED and incident.acknowledged_by == _tester(incident)


def _tester(incident: Incident) -> str:
    return incident.policy.test_of or SELF_TEST


def _came_through(incident: Incident, event: ev.Event) -> bool:
    """By its own callback, which names one of its calls: picked up, taken for a voicemail, or a key where nothing was heard before."""
    if isinstance(event, BY_THE_CALL):
        if incident.policy.test_of:  # a phone that picks up is no person
            return False
        attempt = incident.attempt(event.attempt)
        return attempt is not None and 0 < event.try_ <= attempt.tries
    return isinstance(event, ev.Acknowledged) and event.via is Via.PHONE and event.by == _tester(incident)


def _close(draft: Draft, by: str, text: str) -> None:
    """A call that is answered hears its words out; its end is noted later, and given up like any other's when nobody reports it."""
    draft.turn(status=Status.RESOLVED, acknowledged_by=by)
    stand_down(draft, own=next((a.number for a in draft.incident.attempts if a.status is AttemptStatus.ANSWERED), 0))
    draft.note(text, EntryKind.STATUS)
