"""Texts in both directions: queued, sent, delivered or not, with a status callback each and per part; the STOP list; and
what phones answer, posted to the account's message URL. Whether a request to send was well formed is for `api_messages.py`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from escalation.sandbox.account import digits_of, money
from escalation.sandbox.agenda import Pacer
from escalation.sandbox.callbacks import Callback, ignore
from escalation.sandbox.calls import Target
from escalation.sandbox.courier import Outcome, Then
from escalation.sandbox.document import InvalidDocument, texts_in
from escalation.sandbox.encoding import parts
from escalation.sandbox.phones import Phone, Text
from escalation.sandbox.retries import TextRetries, split_fragment

if TYPE_CHECKING:
    from escalation.sandbox.world import World

ACCEPTED, SENT, DELIVERED = 0.2, 1.0, 3.0  # chosen here: seconds after its send slot
_STOP = frozenset({"stop", "end", "quit", "cancel", "unsub", "stop all", "stopall", "unsubscribe"})
_START = frozenset({"start", "unstop", "yes", "resume", "go"})
_HELP = frozenset({"help", "info"})


@dataclass(eq=False)
class Message:
    uuid: str
    sender: str
    to: str
    text: str
    callback: Target
    direction: str
    requested_at: float
    part_uuids: tuple[str, ...]
    state: str = "queued"
    error_code: str = "000"
    sent_at: float | None = None
    done_at: float | None = None
    sequence: int = 0

    @property
    def units(self) -> int:
        return len(self.part_uuids)

    def cost(self, rate: Decimal) -> Decimal:
        return rate * self.units


class Texting:
    def __init__(self, world: World, pacer: Pacer) -> None:
        self._world = world
        self._pacer = pacer
        self.messages: list[Message] = []
        self.stopped: set[tuple[str, str]] = set()

    def by_uuid(self, uuid: str) -> Message | None:
        return next((message for message in self.messages if message.uuid == uuid), None)

    # -- sending

    def send(self, sender: str, to: str, text: str, callback: Target) -> Message:
        world = self._world
        uuids = tuple(world.new_uuid() for _ in range(parts(text)))
        message = Message(uuids[0], sender, to, text, callback, "outbound", world.now(), uuids)
        self.messages.append(message)
        world.note("message.requested", message_uuid=message.uuid, sender=sender, to=to, text=text, units=message.units)
        slot = self._pacer.slot(world.now())
        world.at(slot + ACCEPTED, lambda: self._become(message, "queued"))
        world.at(slot + SENT, lambda: self._dispatch(message))
        return message

    def _dispatch(self, message: Message) -> None:
        if self._world.account.out_of_credits:
            return self._become(message, "failed", "900")
        if (message.sender, message.to) in self.stopped:
            return self._become(message, "failed", "200")
        message.sent_at = self._world.now()
        self._world.account.charge(message.cost(self._world.account.message_rate))
        self._become(message, "sent")
        self._world.after(DELIVERED - SENT, lambda: self._arrive(message))

    def _arrive(self, message: Message) -> None:
        phone = self._world.phone_or_note(message.to, "text")
        fault = self._world.faults.take(frozenset({"undelivered"}), "Message", message.to)
        code = fault.code if fault else "50" if phone is None else phone.undeliverable
        if code or phone is None:
            return self._become(message, fault.error if fault else "undelivered", code)
        self._become(message, "delivered")
        phone.receive(Text(message.text, self._world.now(), message.sender, message.uuid))

    def _become(self, message: Message, state: str, code: str = "000") -> None:
        message.state, message.error_code = state, code
        if state in ("delivered", "undelivered", "failed"):
            message.done_at = self._world.now()
        self._world.note("message.status", message_uuid=message.uuid, to=message.to, state=state, error_code=code)
        if message.callback:
            for number in range(message.units):
                self._report(message, number)

    def _report(self, message: Message, number: int) -> None:
        message.sequence += 1
        self._post("Status", message.uuid, message.callback, self._status_params(message, number))

    def _status_params(self, message: Message, number: int) -> dict[str, str]:
        rate = self._world.account.message_rate
        return {
            "DeliveryReportTime": self._time(message.done_at),
            "ErrorCode": message.error_code,
            "From": message.sender,
            "MCC": "310",
            "MNC": "004",
            "MessageTime": self._time(message.requested_at),
            "MessageUUID": message.part_uuids[number],
            "ParentMessageUUID": message.uuid,
            "PartInfo": f"{number + 1} of {message.units}",
            "QueuedTime": self._time(message.requested_at),
            "SentTime": self._time(message.sent_at),
            "Sequence": str(message.sequence),
            "Status": message.state,
            "To": message.to,
            "TotalAmount": money(message.cost(rate)),
            "TotalRate": money(rate),
            "Type": "sms",
            "Units": str(message.units),
            "requester_ip": "127.0.0.1",
        }

    # -- receiving

    def receive(self, phone: Phone, to: str, text: str) -> Message:
        """What a phone texted to one of our numbers. STOP and START are obeyed before the product hears of them."""
        world, ours = self._world, digits_of(to)
        uuids = tuple(world.new_uuid() for _ in range(parts(text)))
        message = Message(uuids[0], phone.digits, ours, text, Target(world.message_url, world.message_method),
                          "inbound", world.now(), uuids, "received")  # fmt: skip
        self.messages.append(message)
        intent = self._obey((ours, phone.digits), text)
        world.note("message.received", message_uuid=message.uuid, sender=phone.digits, to=ours, text=text, intent=intent)
        if message.callback:
            params = self._inbound_params(message, intent)
            self._post("Inbound", message.uuid, message.callback, params, self._answered)
        return message

    def _answered(self, outcome: Outcome) -> None:
        """The answer to an inbound text may be XML with texts to send back."""
        if not outcome.ok or "xml" not in outcome.content_type:
            return
        try:
            messages = texts_in(outcome.body)
        except InvalidDocument as fault:
            self._world.note("message.xml_refused", error=str(fault))
            return
        for sender, to, text in messages:
            self.send(digits_of(sender), digits_of(to), text, Target())

    def _obey(self, pair: tuple[str, str], text: str) -> str:
        word = text.rstrip().lower()
        if word in _STOP:
            self.stopped.add(pair)
            return "optout"
        if word in _START and (pair in self.stopped or word in ("start", "unstop")):
            self.stopped.discard(pair)
            return "optin"
        return "help" if word in _HELP else ""

    def _inbound_params(self, message: Message, intent: str) -> dict[str, str]:
        rate = self._world.account.message_rate
        params = {
            "From": message.sender,
            "MessageUUID": message.uuid,
            "Text": message.text,
            "To": message.to,
            "TotalAmount": money(message.cost(rate)),
            "TotalRate": money(rate),
            "Type": "sms",
            "Units": str(message.units),
        }
        return params | {"MessageIntent": intent} if intent else params

    # -- both

    def _post(self, name: str, about: str, target: Target, params: dict[str, str], then: Then = ignore) -> None:
        url, _ = split_fragment(target.url)
        world = self._world
        callback = Callback(name, about, target.method, url, params, TextRetries(), world.message_signatures)
        world.callbacks.send(callback, then)

    def _time(self, at: float | None) -> str:
        return "" if at is None else f"{self._world.utc(at):%Y-%m-%d %H:%M:%S.%f}"


def record(message: Message, account_id: str, rate: Decimal, time: str) -> dict[str, object]:
    """What `GET Message/` tells; the text is not in it."""
    return {
        "carrier_fees": "0.00000",
        "carrier_fees_rate": "0.00000",
        "destination_country_iso2": "US",
        "destination_network": None,
        "error_code": None if message.state in ("queued", "sent", "received") else message.error_code,
        "error_message": None,
        "from_number": message.sender,
        "is_domestic": True,
        "message_direction": message.direction,
        "message_state": message.state,
        "message_time": time,
        "message_type": "sms",
        "message_uuid": message.uuid,
        "powerpack_id": None,
        "replaced_sender": None,
        "requester_ip": "127.0.0.1",
        "resource_uri": f"/v1/Account/{account_id}/Message/{message.uuid}/",
        "tendlc_campaign_id": None,
        "tendlc_registration_status": "UNREGISTERED",
        "to_number": message.to,
        "total_amount": f"{message.cost(rate):.5f}",
        "total_rate": f"{rate:.5f}",
        "units": message.units,
    }
