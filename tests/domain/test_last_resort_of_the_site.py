"""The last resort of the whole site: told where a policy has none, or its own reaches nobody."""

from __future__ import annotations

from dataclasses import replace

from escalation.domain import events as ev
from escalation.domain.incident import LAST_RESORT, Status, TimerKind
from escalation.domain.policy import Policy, Step
from tests.builders import incident, policy, roster, site, step, target
from tests.domain.story import Story

SITE = Step((target("email:site@example.org"),))
OWN, OF_THE_SITE = "email:ops@example.org", "email:site@example.org"


def dead_end(*own: str) -> Policy:
    """Exhausted at once."""
    last = Step(tuple(map(target, own)))
    return replace(policy(step("nobody")), last_resort=last, site_last_resort=SITE)


def told(story: Story) -> list[str]:
    return [p.responder for p in story.incident.pages if p.step == LAST_RESORT]


def fails(story: Story, attempt: int) -> Story:
    return story.tell(ev.AttemptClaimed(attempt, 1), ev.AttemptFailed(attempt, 1, permanent=True, reason="no such mailbox"))


def test_a_policy_without_one_has_the_sites() -> None:
    """And keeps it as its own, with the incident."""
    mine = site(policy=replace(policy(), last_resort=Step(())), last_resort=SITE)
    assert mine.policy_of(mine.services["payments"]).last_resort == SITE
    own = site(last_resort=SITE)
    assert own.policy_of(own.services["payments"]).last_resort == policy().last_resort


def test_while_the_policys_own_can_be_told_the_sites_is_not() -> None:
    """A mailbox is enough."""
    assert told(Story(incident(dead_end(OWN)))) == [OWN]


def test_an_own_last_resort_of_nobody_is_the_sites_business_at_once() -> None:
    """Complaint 10: a person who left, a team that is empty."""
    story = Story(incident(dead_end("leaver", "team:empty")))
    assert told(story) == [OF_THE_SITE]
    assert "The last resort of the policy reaches nobody: that of the site is told." in story.says


def test_an_own_last_resort_that_is_refused_for_good_is_followed_by_the_sites() -> None:
    """The mailbox was closed. Not before the last of its own was tried, and once in each alarm."""
    story = Story(incident(dead_end(OWN, "slack:#ops")))
    fails(story, 1)
    assert told(story) == [OWN, "slack:#ops"]
    fails(story, 2)
    assert told(story)[2:] == [OF_THE_SITE]
    fails(story, 3)
    assert told(story)[3:] == [], "nothing is below it, and it does not turn in a circle"
    story.fires(TimerKind.ALARM)
    assert told(story)[3:] == [OWN, "slack:#ops"], "each alarm asks them anew"


def test_a_carrier_that_is_only_down_is_tried_again_instead() -> None:
    """Failure is not absence."""
    story = Story(incident(dead_end(OWN)))
    story.tell(ev.AttemptClaimed(1, 1), ev.AttemptFailed(1, 1, permanent=False, reason="the mail server is away"))
    assert told(story) == [OWN]


def test_a_change_of_the_roster_takes_nothing_from_the_sites_last_resort() -> None:
    """It is still being told; somebody who is there now is told beside it."""
    story = Story(incident(dead_end("carol")))
    assert (told(story), story.incident.status) == ([OF_THE_SITE], Status.EXHAUSTED)
    story.roster = replace(roster(), people={**roster().people, "carol": replace(roster().people["ann"], handle="carol")})
    story.tell(ev.RosterChanged())
    assert [p.responder for p in story.incident.pages if p.step == LAST_RESORT and not p.closed] == [OF_THE_SITE, "carol"]


def test_without_any_it_is_said() -> None:
    """Loudly, where somebody may read it."""
    story = Story(incident(replace(dead_end("leaver"), site_last_resort=Step(()))))
    assert "There is no last resort to tell." in story.says
