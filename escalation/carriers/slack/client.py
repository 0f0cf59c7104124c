"""Posts to Slack and edits in place what was posted: a bot token is best; with only an incoming webhook a message goes to the
webhook's own channel and stays as it is. The one file that imports slack_sdk. Not what the message says (`blocks`)."""

from __future__ import annotations

import errno
import http.client
import logging
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient, WebhookResponse

from escalation.carriers.slack import blocks, several
from escalation.carriers.slack.refusals import refusal
from escalation.deadline import DEADLINE, within
from escalation.domain.roster import Channel
from escalation.domain.wording import Brief
from escalation.errors import CarrierError, Verdict
from escalation.ports import Notice

T = TypeVar("T")

# slack_sdk writes bodies, headers and URLs (an incoming webhook's is a secret) at DEBUG, and asks this logger's own level.
_SILENT = logging.getLogger(f"{__name__}.sdk")
_SILENT.setLevel(logging.CRITICAL + 1)

LONGEST_LINE = 1000
_NEVER_CONNECTED = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)


class SlackClient:
    """The `Carrier` (and `Editable`) for Slack. References are "channel:ts"; an incoming webhook gives none."""

    name = "slack"
    channels = frozenset({Channel.SLACK})

    def __init__(self, bot_token: str = "", webhook_url: str = "", api_url: str = "https://slack.com/api/") -> None:
        timeout = int(DEADLINE)
        base = api_url.rstrip("/") + "/"
        self._web = WebClient(bot_token, base, timeout, logger=_SILENT, retry_handlers=[]) if bot_token else None
        self._hook = WebhookClient(webhook_url, timeout, logger=_SILENT, retry_handlers=[]) if webhook_url else None
        for client in (self._web, self._hook):
            if client:  # the SDK takes a proxy from the environment and overlooks NO_PROXY; urllib below it honours both
                client.proxy = None

    def send(self, notice: Notice) -> str:
        """Posts to the address (a channel or a user's id). Returns "channel:ts", empty for an incoming webhook."""
        said, shown = _rendered(notice.brief)
        if web := self._web:
            answer = _asked(
                lambda: web.chat_postMessage(
                    channel=notice.address, text=said, blocks=shown, unfurl_links=False, unfurl_media=False
                )
            )
            return _reference(answer)
        if hook := self._hook:
            _must_be_ok(_asked(lambda: hook.send(text=said, blocks=shown)))
            return ""
        raise CarrierError(Verdict.CREDENTIALS, "Slack is not set up: no bot token, no incoming webhook")

    def tell(self, address: str, subject: str, text: str, identity: str) -> None:
        """Posts plain words; an incoming webhook's go to its own channel."""
        said = "\n".join(blocks.escaped(line, LONGEST_LINE) for line in text.splitlines())
        if web := self._web:
            _asked(lambda: web.chat_postMessage(channel=address, text=said, unfurl_links=False, unfurl_media=False))
        elif hook := self._hook:
            _must_be_ok(_asked(lambda: hook.send(text=said)))
        else:
            raise CarrierError(Verdict.CREDENTIALS, "Slack is not set up: no bot token, no incoming webhook")

    def edit(self, notice: Notice, reference: str) -> None:
        """Rewrites the message. Without a reference (an incoming webhook's) there is nothing that could be rewritten."""
        channel, _, ts = reference.rpartition(":")
        if (web := self._web) and channel:
            said, shown = _rendered(notice.brief)
            _asked(lambda: web.chat_update(channel=channel, ts=ts, text=said, blocks=shown))

    def alive(self) -> bool:
        """Whether Slack takes our token; of a webhook, whether it refuses an empty message as a working one does."""
        try:
            if web := self._web:
                _asked(web.auth_test)
                return True
            if hook := self._hook:
                return _asked(lambda: hook.send(text="")).status_code in (200, 400)
        except CarrierError:
            pass
        return False


def _rendered(brief: Brief) -> tuple[str, list[blocks.Block]]:
    how = several if brief.shown else blocks
    return how.text(brief), how.blocks(brief)


def _asked(request: Callable[[], T]) -> T:
    """One request under one total deadline; whatever goes wrong becomes a `CarrierError`."""
    try:
        return within(DEADLINE, request)
    except SlackApiError as error:
        raise _refused(error) from None
    except URLError as error:
        raise _not_reached(error.reason) from None
    except (OSError, http.client.HTTPException, ValueError, AttributeError, LookupError) as error:
        # After the request was written: a time-out, a cut line, an answer that is no answer. It may have been posted.
        raise CarrierError(Verdict.UNKNOWN, f"Slack: no usable answer ({type(error).__name__})") from None


def _refused(error: SlackApiError) -> CarrierError:
    answer = error.response
    said = answer.data if isinstance(answer, SlackResponse) else None
    code = said.get("error") if isinstance(said, dict) else ""
    return refusal(answer.status_code, code if isinstance(code, str) else "")


def _not_reached(reason: object) -> CarrierError:
    """urllib wraps what happens while connecting *and* while writing: only what cannot have been written is retried at once."""
    refused = isinstance(reason, OSError) and reason.errno in _NEVER_CONNECTED
    if refused or isinstance(reason, (socket.gaierror, ssl.SSLCertVerificationError)):
        return CarrierError(Verdict.RETRY, "Slack: no connection", outage=True)
    return CarrierError(Verdict.UNKNOWN, "Slack: the connection broke")


def _reference(answer: SlackResponse) -> str:
    channel, ts = answer.get("channel"), answer.get("ts")
    return f"{channel}:{ts}" if channel and ts else ""


def _must_be_ok(answer: WebhookResponse) -> None:
    # A redirect to a login page ends as 200 too: only Slack's own word counts.
    if answer.status_code == 200 and answer.body.strip() != "ok":
        raise CarrierError(Verdict.UNKNOWN, "Slack: the incoming webhook did not answer as Slack does")
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.body.strip())
