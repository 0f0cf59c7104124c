"""Answers whoever pressed a button, in private, through the `response_url` of their press. Best effort, beside the request: the
press is already decided. Posts only to Slack, whatever the payload says."""

from __future__ import annotations

import json
import logging
import threading
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from escalation.deadline import within

log = logging.getLogger(__name__)

SLACK = "hooks.slack.com"
PATIENCE = 5.0  # seconds; the thread is a daemon, a shutdown does not wait for it
AT_ONCE = 4


class _Stay(HTTPRedirectHandler):
    """Follows nothing: a redirect would lead us wherever it points. It is an error like any other answer that is no 2xx."""

    def redirect_request(self, *_args: object) -> None:
        return None


def is_slacks(url: str, api_url: str) -> bool:
    """Whether a response URL is one that Slack hands out (or the stand-in that `api_url` names): a payload must not make us
    post to whoever it likes."""
    try:
        asked, own = urlsplit(url), urlsplit(api_url)
        return (asked.scheme, asked.netloc) in (("https", SLACK), (own.scheme, own.netloc))
    except ValueError:
        return False


class Whisper:
    """`say` returns at once and never raises. When Slack is slow at most a handful of words wait; more are dropped."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def say(self, url: str, text: str) -> None:
        if not url or not is_slacks(url, self._api_url):
            return
        if not self._free.acquire(blocking=False):
            log.warning("Slack is slow: an answer to a button was dropped")
            return
        threading.Thread(target=self._post, args=(url, text), daemon=True, name="whisper").start()

    def _post(self, url: str, text: str) -> None:
        try:
            within(PATIENCE, lambda: _send(url, text))
        except Exception as error:  # nobody waits for this, and the press is stored
            log.warning("an answer to a Slack button was not delivered: %s", type(error).__name__)
        finally:
            self._free.release()


def _send(url: str, text: str) -> None:
    """One POST. slack_sdk's client cannot be told to follow no redirects."""
    body = json.dumps({"text": text, "response_type": "ephemeral", "replace_original": False}).encode()
    asked = Request(url, body, {"Content-Type": "application/json; charset=utf-8"})  # noqa: S310 - `is_slacks` has looked at it
    try:
        build_opener(_Stay).open(asked, timeout=PATIENCE).close()
    except HTTPError as refused:  # it is an open answer too
        refused.close()
        raise
