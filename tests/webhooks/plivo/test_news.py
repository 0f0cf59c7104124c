"""What Plivo tells us of calls and texts: once, twice, late, and when it cannot be stored."""

from __future__ import annotations

from pathlib import Path

from escalation.domain.incident import AttemptStatus
from tests.webhooks.plivo.line import (
    Plivo,
    attempt,
    status,
    without_database,
)


def test_news_delivered_twice_changes_nothing(ringing: Plivo) -> None:
    """Ring, answer and hangup, each twice."""
    over = {"HangupCauseCode": "3000", "HangupCauseName": "No Answer", "CallStatus": "no-answer", "Event": "Hangup"}
    for what, form in (("ring", {"CallStatus": "ringing"}), ("hangup", over)):
        assert ringing.call(what, **form).status_code == 200
        story = ringing.receiver.story(1)
        assert ringing.call(what, **form).status_code == 200
        assert ringing.receiver.story(1) == story
    assert attempt(ringing) is AttemptStatus.SETTLED


def test_news_of_what_does_not_exist_is_taken_note_of(ringing: Plivo) -> None:
    """Late ones and strangers' are 200: Plivo need not repeat them."""
    for name in ("9-1-1", "1-9-1"):
        for what in ("ring", "hangup", "machine"):
            assert ringing.call(what, name).status_code == 200
        assert ringing.post(f"/plivo/texts/{name}/status", Status="delivered", MessageUUID="m").status_code == 200


def test_a_machine_that_picks_up_does_not_acknowledge(ringing: Plivo) -> None:
    """Voicemail never counts."""
    ringing.picks_up()
    assert ringing.call("machine", Event="MachineDetection", Machine="true").status_code == 200
    assert status(ringing) == "triggered"
    assert "oicemail" in ringing.receiver.story(1)


def test_without_a_database_news_is_asked_for_again(tmp_path: Path) -> None:
    """503: Plivo tries again. A forged one is still 403."""
    plivo = without_database(tmp_path)
    assert [plivo.call(what).status_code for what in ("ring", "hangup")] == [503, 503]
    assert plivo.post("/plivo/texts/1-1-1/status", Status="delivered").status_code == 503
    assert plivo.post_v2("/plivo/texts/1-1-1/status", Status="delivered").status_code == 503
    assert plivo.text("1").status_code == 503
    assert plivo.receiver.client.post("/plivo/calls/1-1-1/ring").status_code == 403
