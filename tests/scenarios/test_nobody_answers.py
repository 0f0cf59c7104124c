"""The whole policy, minute by minute, on a night when everybody sleeps on."""

from __future__ import annotations

from escalation.domain.incident import Status
from tests.scenarios.night import Night, on_both_databases

pytestmark = on_both_databases


def test_nobody_answers(night: Night) -> None:
    """Five minutes each for Ann, Bob and Lee: call, text, call again; then texts to all and Slack; then, loudly, exhausted."""
    night.trouble("db-1 is down")
    for person in (night.ann, night.bob, night.lee):
        person.phone.rings().is_ignored()
        person.sms.reads("INC-1", "db-1 is down")
        night.after(minutes=2)
        person.phone.rings().is_ignored()
        _step_is_over(night)
    for person in (night.ann, night.bob, night.lee):
        person.sms.reads("INC-1")
    night.slack.reads("db-1 is down", "payments")
    assert night.status() is Status.TRIGGERED
    night.after(minutes=5)
    assert night.status() is Status.EXHAUSTED
    night.mail.reads("INC-1", "db-1 is down")
    night.story_says("EXHAUSTED")
    night.after(minutes=15)
    night.mail.reads("INC-1")


def _step_is_over(night: Night) -> None:
    step = night.incident().step
    night.until(lambda: night.incident().step > step, seconds=300)
