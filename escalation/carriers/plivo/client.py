"""Plivo's REST API as far as paging needs it: place calls, send texts, hang up, leave a message, look things up. Our own on httpx,
since the SDK silently repeats a call that was answered 5xx. One request per question, one total deadline, no retries: when to try
again is the machine's business. Not what Plivo tells us (`callbacks`) and not what its codes mean (`causes`)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import httpx

from escalation.carriers.plivo import causes
from escalation.carriers.plivo.callbacks import Name, e164
from escalation.carriers.plivo.crossing import CalledOff, Crossing
from escalation.carriers.plivo.urls import Urls, code_answer
from escalation.deadline import DEADLINE, within
from escalation.domain.announcement import MOST_BY_TEXT
from escalation.domain.roster import Channel
from escalation.domain.segments import gsm7, is_readable
from escalation.domain.speech import cut
from escalation.domain.wording import sms
from escalation.errors import CarrierError, Verdict
from escalation.ports import Notice

CALL_LASTS = 300  # seconds after the answer; the menu takes half of that, and a forgotten phone must not stay busy
TEXT_LASTS = 900  # seconds Plivo may keep a text in its queue: a page that is older only confuses
CODE_RINGS, CODE_LASTS = 30, 90  # seconds of a call that speaks a code: its phone must soon be free for pages
CONNECTING = 4.0  # a refused or dead connection shall be known, and tried again, well before the deadline
LONGEST_ANSWER = 64 * 1024
_DIALLABLE = re.compile(r"[1-9][0-9]{6,14}|sip:[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,100}")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, CalledOff)
_BAD_ADDRESS = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx: its JSON object, empty when it had none."""

    status: int
    said: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Account:
    """What can be spent: `credits` is USD, None where Plivo does not say (a subaccount). A postpaid account spends without any."""

    is_prepaid: bool
    credits: Decimal | None

    @property
    def can_pay(self) -> bool:
        return not self.is_prepaid or self.credits is None or self.credits > 0


@dataclass(frozen=True, slots=True)
class Number:
    """What a rented number can do."""

    voice: bool
    sms: bool


class PlivoClient:
    """The `Carrier` and `Telephone` for voice and texts. `auth_token` is one token, the newest while rotating."""

    name = "plivo"
    channels = frozenset({Channel.VOICE, Channel.SMS})

    def __init__(
        self,
        auth_id: str,
        auth_token: str,
        from_number: str,
        api_url: str,
        public_url: str,
        transport: httpx.BaseTransport | None = None,
        *,
        deadline: float = DEADLINE,
    ) -> None:
        self._from = digits(from_number)
        self._public_url = public_url
        self._deadline = deadline
        self._tells_when_sending = transport is None
        self._http = httpx.Client(
            base_url=f"{api_url}/v1/Account/{auth_id}/",
            auth=(auth_id, auth_token),
            timeout=httpx.Timeout(deadline, connect=min(CONNECTING, deadline)),
            # A connection kept from last time may be dead without our knowing: the page would end as "unknown" and be sent
            # again 15 s later. A handshake is cheaper.
            limits=httpx.Limits(max_keepalive_connections=0),
            transport=transport,
            follow_redirects=False,
        )

    # --- Carrier

    def send(self, notice: Notice) -> str:
        """Places the call (returns its request_uuid) or sends the text (its message_uuid)."""
        number = digits(notice.address)
        if not _DIALLABLE.fullmatch(number):  # also keeps `<` away, which joins several destinations
            raise CarrierError(Verdict.PERMANENT, "Plivo: not a number that can be called")
        urls = Urls(self._public_url, Name(notice.incident_id, notice.attempt, notice.try_))
        if notice.channel is Channel.VOICE:
            return _first(self._ask("POST", "Call/", self._call(notice, number, urls)), "request_uuid")
        return _first(self._ask("POST", "Message/", self._text(notice, number, urls)), "message_uuid")

    def tell(self, address: str, subject: str, text: str, identity: str) -> None:
        """As a text; its subject is in it."""
        number = digits(address)
        if not _DIALLABLE.fullmatch(number):
            raise CarrierError(Verdict.PERMANENT, "Plivo: not a number that can be called")
        said = cut(gsm7(text) if is_readable(text) else text, MOST_BY_TEXT)
        self._ask("POST", "Message/", {"src": self._from, "dst": number, "text": said, "type": "sms", "log": "false"})

    def speak_code(self, address: str, code_id: int) -> None:
        """A call whose words the receiver makes; nothing else of it is told to us."""
        number = digits(address)
        if not _DIALLABLE.fullmatch(number):
            raise CarrierError(Verdict.PERMANENT, "Plivo: not a number that can be called")
        answer = {"answer_url": code_answer(self._public_url, code_id), "answer_method": "POST"}
        times = {"ring_timeout": CODE_RINGS, "time_limit": CODE_LASTS}
        _first(self._ask("POST", "Call/", {"from": self._from, "to": number, **answer, **times}), "request_uuid")

    def alive(self) -> bool:
        """Whether Plivo takes our credentials and the account has money left; without that every page would fail again."""
        try:
            return self.account().can_pay
        except CarrierError:
            return False

    # --- Telephone

    def hang_up(self, reference: str) -> None:
        """By request_uuid or call_uuid, which need not be equal: the request is cancelled *and* the call is hung up, each within
        half of the time. Neither being known means that the call is over."""
        if not _REFERENCE.fullmatch(reference):  # DELETE Call/ without an id hangs up every call of the account
            return
        faults = []
        for path in (f"Request/{reference}/", f"Call/{reference}/"):
            try:
                self._ask("DELETE", path, seconds=self._deadline / 2)
            except CarrierError as error:
                faults.append(error)
        for fault in faults:
            if fault.verdict is not Verdict.PERMANENT:
                raise fault

    def leave_message(self, notice: Notice, reference: str) -> None:
        """Transfers the answered call to the message's words."""
        if not _REFERENCE.fullmatch(reference):
            raise CarrierError(Verdict.PERMANENT, "Plivo: no such call")
        urls = Urls(self._public_url, Name(notice.incident_id, notice.attempt, notice.try_))
        body = {"legs": "aleg", "aleg_url": urls.message, "aleg_method": "POST"}
        self._ask("POST", f"Call/{reference}/", body)

    # --- lookups

    def inbound(self, message_uuid: str) -> tuple[str, str, str] | None:
        """(from, to, direction) of a message as Plivo has it, numbers in E.164; None when there is no such message."""
        if not _REFERENCE.fullmatch(message_uuid):
            return None
        try:
            record = self._ask("GET", f"Message/{message_uuid}/").said
        except CarrierError as error:
            if error.verdict is Verdict.PERMANENT:
                return None
            raise
        sender, to = e164(str(record.get("from_number", ""))), e164(str(record.get("to_number", "")))
        return sender, to, str(record.get("message_direction", ""))

    def account(self) -> Account:
        """The account as it stands. Raises `CarrierError`."""
        said = self._ask("GET", "").said
        left = causes.amount(str(said["cash_credits"])) if "cash_credits" in said else None
        return Account(said.get("billing_mode", "prepaid") == "prepaid", left)

    def balance(self) -> Decimal:
        """USD left on the account. Raises `CarrierError`."""
        return self.account().credits or Decimal(0)

    def number(self) -> Number | None:
        """The number we call from, None when this account does not rent it. Raises `CarrierError`."""
        answer = self._answer("GET", f"Number/{self._from}/")
        if answer.status == 404:
            return None
        said = _accepted(answer).said
        return Number(bool(said.get("voice_enabled", True)), bool(said.get("sms_enabled", True)))

    # --- bodies

    def _call(self, notice: Notice, number: str, urls: Urls) -> dict[str, object]:
        return {
            "from": self._from,
            "to": number,
            "answer_url": urls.answer,
            "answer_method": "POST",
            "ring_url": urls.ring,
            "ring_method": "POST",
            "hangup_url": urls.hangup,
            "hangup_method": "POST",
            "fallback_url": urls.fallback,
            "fallback_method": "POST",
            # With an URL of its own detection runs beside the menu: a person is not kept waiting for the verdict.
            "machine_detection": "true",
            "machine_detection_url": urls.machine,
            "machine_detection_method": "POST",
            "ring_timeout": min(max(math.ceil(notice.ring.total_seconds()), 5), 120),
            "time_limit": CALL_LASTS,
        }

    def _text(self, notice: Notice, number: str, urls: Urls) -> dict[str, object]:
        return {
            "src": self._from,
            "dst": number,
            "text": sms(notice.brief),
            "type": "sms",
            # A watcher that Plivo cannot reach hears nothing of its texts.
            **({"url": urls.text_status, "method": "POST"} if self._public_url else {}),
            "log": "false",  # a word, not a boolean: neither text nor number is kept in Plivo's logs
            "message_expiry": TEXT_LASTS,
        }

    # --- asking

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None, seconds: float = 0) -> Answer:
        """One request, one answer of 2xx."""
        return _accepted(self._answer(method, path, body, seconds), of_one=path.count("/") > 1)

    def _answer(self, method: str, path: str, body: Mapping[str, object] | None = None, seconds: float = 0) -> Answer:
        """One request, whatever was answered. httpx counts its time-outs per phase, so that a peer who drips bytes could hold a worker
        for ever: the request runs in a thread of its own and is left when its time is over. Left before the first byte went out,
        it never goes out; after that nobody knows."""
        crossing = Crossing(crossed=not self._tells_when_sending)
        try:
            return within(seconds or self._deadline, lambda: self._exchange(method, path, body, crossing))
        except TimeoutError:
            if crossing.close():
                raise CarrierError(Verdict.UNKNOWN, "Plivo: no answer in time") from None
            raise CarrierError(Verdict.RETRY, "Plivo: no connection in time", outage=True) from None
        except _NOTHING_SENT:
            raise CarrierError(Verdict.RETRY, "Plivo: no connection", outage=True) from None
        except _BAD_ADDRESS:
            raise CarrierError(Verdict.CREDENTIALS, "Plivo: the API address cannot be used") from None
        except (httpx.HTTPError, OSError) as error:
            raise CarrierError(Verdict.UNKNOWN, f"Plivo: no usable answer ({type(error).__name__})") from None

    def _exchange(self, method: str, path: str, body: Mapping[str, object] | None, crossing: Crossing) -> Answer:
        extensions = {"trace": crossing.trace}
        with self._http.stream(method, path, json=body, extensions=extensions) as answer:
            return Answer(answer.status_code, _said(answer, crossing))


def digits(address: str) -> str:
    """`+1 (555) 010-0001` -> `15550100001`, as Plivo's samples have it; a SIP address stays."""
    return address if address.startswith("sip:") else re.sub(r"[ .()+-]", "", address)


def _accepted(answer: Answer, *, of_one: bool = False) -> Answer:
    if not 200 <= answer.status < 300:
        raise causes.refusal(answer.status, _error(answer.said), of_one=of_one)
    return answer


def _said(answer: httpx.Response, crossing: Crossing) -> Mapping[str, object]:
    """The status is known by now and stands, so a body that breaks off, or never ends, is no body."""
    read = b""
    try:
        for chunk in answer.iter_bytes():
            read += chunk
            if len(read) > LONGEST_ANSWER or crossing.is_closed:  # nobody waits any more: let the thread end
                return {}
        said = json.loads(read or b"{}")
    except (httpx.HTTPError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _error(said: Mapping[str, object]) -> str:
    """Plivo's own words: under `error` by the book, elsewhere too by the CLI's reader."""
    return " ".join(str(said[key]) for key in ("error", "message", "global_error") if key in said)[:2000]


def _first(answer: Answer, key: str) -> str:
    """The id of what was accepted. A 2xx without one is not Plivo's (a captive portal's, say): nobody knows."""
    found = answer.said.get(key)
    ids = found if isinstance(found, list) else [found]
    if ids and isinstance(ids[0], str) and ids[0]:
        return ids[0]
    if answer.said.get("invalid_number"):
        raise CarrierError(Verdict.PERMANENT, "Plivo says the number is not valid")
    raise CarrierError(Verdict.UNKNOWN, f"Plivo: HTTP {answer.status} without an id")
