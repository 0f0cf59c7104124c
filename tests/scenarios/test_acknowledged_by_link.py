"""The signed link in the text opens the incident's page."""

from __future__ import annotations

import re

from escalation.domain.incident import Status
from tests.scenarios.night import PUBLIC, Night


def test_acknowledged_by_link(night: Night) -> None:
    """Opening it (a preview does that too) acknowledges nothing; the form does, in Ann's name."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_busy()
    night.ann.sms.reads(PUBLIC)
    path = re.findall(rf"{PUBLIC}(/\S+)", night.ann.sms.last)[0]
    browser = night.browser()
    page = browser.get(path, base_url=PUBLIC)
    assert page.status_code == 200
    assert "db-1 is down" in page.text
    assert night.status() is Status.TRIGGERED
    form = re.findall(r"<form.*?</form>", page.text, re.DOTALL)[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    act = re.findall(r'action="([^"]+)"', form)[0]
    answer = browser.post(act, base_url=PUBLIC, data=fields, headers={"Referer": f"{PUBLIC}{path}"})
    assert answer.status_code == 303
    assert night.incident().acknowledged_by == "ann"
    night.after(minutes=5)
    night.story_says("acknowledged by Ann, by link")
