"""Plivo in trouble: 5xx before and after it accepted, down for a minute, down for an hour, refusing our credentials."""

from __future__ import annotations

from escalation.domain.events import Acknowledged
from escalation.domain.incident import Status, Via
from tests.builders import policy, step
from tests.scenarios.night import Night


def test_a_5xx_after_accepting_rings_once(night: Night) -> None:
    """The callback that names the try is the evidence; the text went out meanwhile."""
    night.world.faults.answer(500, "POST Call", accept=True)
    night.trouble("db-1 is down")
    night.ann.sms.reads("INC-1")
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=5)
    assert len(night.ann.phone.phone.calls) == 1


def test_a_5xx_before_accepting_is_dialled_again(night: Night) -> None:
    """No evidence within 15 s: the phone rings then."""
    night.world.faults.answer(503, "POST Call")
    night.trouble("db-1 is down")
    night.ann.sms.reads("INC-1")
    night.ann.phone.is_silent()
    night.after(seconds=16)
    night.ann.phone.rings().presses("1").hears("acknowledged")


def test_a_minute_without_plivo_burns_no_step(night: Night) -> None:
    """Tried again within the step; Ann is called when it is back, and Bob sleeps on."""
    night.world.faults.down(until=night.world.now() + 60)
    night.trouble("db-1 is down")
    night.after(seconds=59)
    night.ann.phone.is_silent()
    assert night.incident().step == 0
    night.until(lambda: night.ann.phone.phone.ringing, seconds=35)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=1)
    night.ann.sms.reads("INC-1")


def test_an_hour_without_plivo_is_loud_and_everybody_is_paged_again_when_it_is_back(night: Night) -> None:
    """The last resort hears of it by mail, Slack is posted; and when Plivo works, it begins again with Ann."""
    night.world.faults.down(until=night.world.now() + 3600)
    night.trouble("db-1 is down")
    night.after(minutes=21)
    assert night.status() is Status.EXHAUSTED
    night.slack.reads("db-1 is down")
    night.mail.reads("INC-1")
    night.after(minutes=39, seconds=30)
    for _ in range(len(list(night.world.mailbox)) - 1):
        night.mail.reads("INC-1")
    assert night.status() is Status.TRIGGERED
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.story_says("plivo works again")


def test_refused_credentials_are_said_by_a_way_that_is_not_plivo(night: Night) -> None:
    """401: a timeline entry, an alarm, a mail at once; Slack still works."""
    night.apply(policy(step("ann", minutes=1)))
    night.world.faults.answer(401, "*", times=None)
    night.trouble("db-1 is down")
    night.mail.reads("INC-1")
    night.story_says("credentials")
    night.after(minutes=1, seconds=5)
    night.mail.reads("INC-1")
    assert night.status() is Status.EXHAUSTED
    night.world.faults.clear()
    night.until(lambda: night.ann.phone.phone.ringing, seconds=100)
    night.ann.phone.rings().presses("1").hears("acknowledged")


def test_a_call_accepted_after_somebody_had_it_is_hung_up(night: Night) -> None:
    """Plivo's answer is lost, Bob acknowledges, and then Ann's phone rings: it is stopped as soon as it shows."""
    night.world.faults.timeout("POST Call", accept=True)
    night.world.faults.delay("ring", by=3)
    night.trouble("db-1 is down")
    night.ann.sms.reads("INC-1")
    night.system.engine.tell(1, Acknowledged("bob", Via.CONSOLE))
    night.after(seconds=5)
    night.ann.phone.rang_and_stopped()
    night.world.faults.clear()
    assert night.status() is Status.ACKNOWLEDGED
