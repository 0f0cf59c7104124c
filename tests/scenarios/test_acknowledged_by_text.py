"""A reply to the text acknowledges."""

from __future__ import annotations

import re

from escalation.domain.events import Acknowledged
from escalation.domain.incident import Status, Via
from escalation.domain.segments import segments
from tests.scenarios.night import Night


def _texted(night: Night) -> None:
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_busy()
    night.ann.sms.reads("INC-1")


def test_a_bare_one_acknowledges_the_only_open_page(night: Night) -> None:
    """Ann answers `1`, and is told."""
    _texted(night)
    night.ann.sms.replies("1").reads("acknowledged")
    assert night.incident().acknowledged_by == "ann"
    night.after(minutes=10)
    night.story_says("acknowledged by Ann, by sms")


def test_a_text_that_is_billed_as_several_says_so(night: Night) -> None:
    """A script that GSM-7 does not have costs more: the timeline tells; a text that is one message needs no word."""
    night.trouble("Сервер базы данных не отвечает, диск заполнен")
    night.ann.phone.rings().is_busy()
    sent = night.ann.sms.reads("INC-1", "Сервер").last
    night.story_says("Wrote to Ann by sms", f", as {segments(sent)} messages.")
    assert segments(sent) > 1
    night.trouble("web-1 is down", key="web-1")
    night.ann.phone.rings().is_busy()
    night.after(seconds=60)
    night.ann.sms.reads("INC-2")
    assert "messages" not in night.story(2)


def test_with_two_open_pages_the_code_is_needed(night: Night) -> None:
    """A bare `1` is ambiguous and changes nothing; the code of the text acknowledges its own incident."""
    _texted(night)
    night.trouble("web-1 is down", key="web-1")
    night.after(seconds=3)
    night.ann.phone.rings().is_busy()
    night.after(seconds=60)
    night.ann.sms.reads("INC-2")
    code = re.findall(r"\b\d{4}\b", night.ann.sms.last)[-1]
    night.ann.sms.replies("1")
    assert (night.status(1), night.status(2)) == (Status.TRIGGERED, Status.TRIGGERED)
    night.ann.sms.reads("code")
    night.ann.sms.replies(code).reads("acknowledged")
    assert (night.status(1), night.status(2)) == (Status.TRIGGERED, Status.ACKNOWLEDGED)
    night.system.engine.tell(1, Acknowledged("ann", Via.CONSOLE))


def test_two_escalates_and_three_declines(night: Night) -> None:
    """The same keys as on the phone."""
    _texted(night)
    night.ann.sms.replies("2").reads("bob")
    night.bob.phone.rings().is_busy()
    night.bob.sms.reads("INC-1")
    night.bob.sms.replies("3").reads()
    night.lee.phone.rings().presses("1").hears("acknowledged")
