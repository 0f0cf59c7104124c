"""Somebody texted STOP."""

from __future__ import annotations

from tests.builders import policy, step
from tests.scenarios.night import Night


def test_whoever_opted_out_is_unreachable_by_text_and_that_is_said(night: Night) -> None:
    """STOP blocks texts to Ann; the next night says so and calls her again at once instead."""
    night.apply(policy(step("ann")))
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_busy()
    night.ann.sms.reads("INC-1")
    night.ann.sms.replies("STOP")
    night.story_says("STOP")
    night.after(minutes=2)
    night.ann.phone.rings().presses("1")
    night.trouble("web-1 is down", key="web-1")
    night.until(lambda: night.ann.phone.phone.ringing, seconds=60)
    night.ann.phone.rings().is_busy()
    night.story_says("Ann cannot be reached by sms", number=2)
    night.after(minutes=2)
    night.ann.phone.rings().presses("1").hears("acknowledged")


def test_start_opts_in_again(night: Night) -> None:
    """And the texts come again."""
    night.apply(policy(step("ann")))
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_busy()
    night.ann.sms.reads("INC-1")
    night.ann.sms.replies("STOP")
    night.ann.sms.replies("START").reads("by text again")
    night.after(minutes=2)
    night.ann.phone.rings().presses("1")
    night.trouble("web-1 is down", key="web-1")
    night.after(seconds=20)
    night.ann.phone.rings().is_busy()
    night.ann.sms.reads("INC-2")
    night.after(minutes=2)
    night.ann.phone.rings().presses("1")
