"""Private answers go to Slack and nowhere else, and hold nobody up."""

from __future__ import annotations

import json
import threading
import time

import pytest

from escalation.carriers.slack.whisper import AT_ONCE, Whisper, is_slacks
from tests.carriers.stubs import serving

API = "https://slack.com/api/"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/actions/x",
        "https://hooks.slack.com.evil.example/x",
        "https://evil.example/hooks.slack.com",
        "https://hooks.slack.com@evil.example/x",
        "https://hooks.slack.com:8443/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://[::1",
        "",
    ],
)
def test_nobody_can_make_us_post_elsewhere(url: str) -> None:
    """Only Slack's own host, by https, on its own port."""
    assert not is_slacks(url, API)


def test_slacks_own_urls_and_a_configured_stand_in_are_taken() -> None:
    """The sandbox is reached at the host and port of the API that was configured."""
    assert is_slacks("https://hooks.slack.com/actions/T/1/x", API)
    assert is_slacks("http://127.0.0.1:9000/slack/response/x", "http://127.0.0.1:9000/api/")
    assert not is_slacks("http://127.0.0.1:9001/x", "http://127.0.0.1:9000/api/")


def test_it_says_it_to_one_person_and_leaves_the_message_alone() -> None:
    """Ephemeral, and not in the message's place."""
    with serving(lambda _: (200, b"ok")) as server:
        Whisper(server.url + "/api/").say(server.url + "/r", "no")
        _wait_for_silence()
    assert json.loads(server.asked[0].body) == {"text": "no", "response_type": "ephemeral", "replace_original": False}


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int) -> None:
    """It may lead anywhere: into our own network, say."""
    with serving(lambda path: (code, b"") if path == "/r" else (200, b"ok")) as server:
        Whisper(server.url + "/api/").say(server.url + "/r", "no")
        _wait_for_silence()
    assert [asked.path for asked in server.asked] == ["/r"]


def test_a_frozen_slack_holds_nobody_up_and_little_waits() -> None:
    """`say` returns at once; what is over the limit is dropped."""
    go_on = threading.Event()

    def slow(_: str) -> tuple[int, bytes]:
        go_on.wait(5)
        return 200, b"ok"

    with serving(slow) as server:
        whisper = Whisper(server.url)
        began = time.monotonic()
        for _ in range(AT_ONCE + 3):
            whisper.say(server.url + "/r", "no")
        assert time.monotonic() - began < 2
        go_on.set()
        _wait_for_silence()
        assert len(server.asked) == AT_ONCE
        whisper.say(server.url + "/r", "again")
        _wait_for_silence()
    assert len(server.asked) == AT_ONCE + 1


def _wait_for_silence() -> None:
    for thread in [t for t in threading.enumerate() if t.name == "whisper"]:
        thread.join(5)
