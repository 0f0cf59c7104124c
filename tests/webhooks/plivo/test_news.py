"""What Plivo tells us of calls and texts: once, twice, late, and when it cannot be stored."""

from __future__ import annotations

from pathlib import Path

from escalation.domain.events import AttemptClaimed
from escalation.domain.incident import AttemptStatus
from tests import builders
from tests.webhooks.plivo.line import (
    TEXT_ONLY,
    Plivo,
    attempt,
    calling,
    counter,
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


def test_a_failure_of_a_text_is_believed_by_v2_only_with_the_id_plivo_gave_us(texted: Plivo) -> None:
    """That signature says nothing about the form: a forged one would end somebody's page."""
    path, failed = "/plivo/texts/1-1-1/status", {"Status": "undelivered", "ErrorCode": "50"}
    assert texted.post_v2(path, nonce="1", MessageUUID="whatever", **failed).status_code == 403
    assert texted.post_v2(path, nonce="2", **failed).status_code == 403
    assert (attempt(texted), counter(texted, "refused_callback")) == (AttemptStatus.ACCEPTED, 2)
    assert texted.post_v2(path, nonce="3", MessageUUID="request-1", **failed).status_code == 200
    assert attempt(texted) is AttemptStatus.SETTLED


def test_each_part_of_a_long_text_names_the_first(texted: Plivo) -> None:
    """Its own id is another one."""
    form = {"Status": "failed", "ErrorCode": "50", "MessageUUID": "part-2", "ParentMessageUUID": "request-1"}
    assert texted.post_v2("/plivo/texts/1-1-1/status", **form).status_code == 200
    assert attempt(texted) is AttemptStatus.SETTLED


def test_what_v2_says_does_not_become_the_id_that_is_believed(tmp_path: Path) -> None:
    """A text that nobody knows about yet: its failure is asked for again until Plivo's own answer has named it."""
    plivo = calling(tmp_path)
    with plivo.receiver.system.store.transaction() as tx:
        tx.apply(builders.site(policy=TEXT_ONLY), "")
    plivo.receiver.trouble()
    plivo.receiver.system.engine.tell(1, AttemptClaimed(1, 1))
    path, failed = "/plivo/texts/1-1-1/status", {"Status": "undelivered", "ErrorCode": "50", "MessageUUID": "forged"}
    assert plivo.post_v2(path, nonce="1", Status="sent", MessageUUID="forged").status_code == 200
    assert plivo.post_v2(path, nonce="2", **failed).status_code == 503
    assert attempt(plivo) is AttemptStatus.ACCEPTED


def test_a_failure_signed_by_v3_needs_no_more(texted: Plivo) -> None:
    """That signature covers the form."""
    form = {"Status": "undelivered", "ErrorCode": "50", "MessageUUID": "another"}
    assert texted.post("/plivo/texts/1-1-1/status", **form).status_code == 200
    assert attempt(texted) is AttemptStatus.SETTLED


def test_without_a_database_news_is_asked_for_again(tmp_path: Path) -> None:
    """503: Plivo tries again. A forged one is still 403."""
    plivo = without_database(tmp_path)
    assert [plivo.call(what).status_code for what in ("ring", "hangup")] == [503, 503]
    assert plivo.post("/plivo/texts/1-1-1/status", Status="delivered").status_code == 503
    assert plivo.post_v2("/plivo/texts/1-1-1/status", Status="delivered").status_code == 503
    assert plivo.text("1").status_code == 503
    assert plivo.receiver.client.post("/plivo/calls/1-1-1/ring").status_code == 403
