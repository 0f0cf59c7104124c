"""Places calls two a second, rings phones, answers and ends calls, and sends the callbacks that go with each, in Plivo's
order. What is said on an answered call is for `reader.py`, what the person does for `habits.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escalation.sandbox.agenda import Action, Entry, Pacer
from escalation.sandbox.callbacks import Callback
from escalation.sandbox.calls import Call, CallRequest, CallStatus, Target, callback_params, hangup_params
from escalation.sandbox.causes import Hangup
from escalation.sandbox.reader import Reader
from escalation.sandbox.retries import split_fragment

if TYPE_CHECKING:
    from escalation.sandbox.phones import Phone
    from escalation.sandbox.world import World

SETUP = 1.0  # chosen here: seconds between dialling and the first ring
DETECTION = 2.0  # seconds Plivo listens before it says machine or not


class Switchboard:
    def __init__(self, world: World, pacer: Pacer) -> None:
        self._world = world
        self._pacer = pacer
        self.calls: list[Call] = []
        self._readers: dict[Call, Reader] = {}
        self._timers: dict[Call, list[Entry]] = {}

    # -- finding

    def by_call_uuid(self, uuid: str) -> Call | None:
        return next((call for call in self.calls if call.call_uuid == uuid), None)

    def by_request_uuid(self, uuid: str) -> Call | None:
        return next((call for call in self.calls if call.request_uuid == uuid), None)

    def reader_of(self, call: Call) -> Reader | None:
        return self._readers.get(call)

    # -- placing

    def place(self, request: CallRequest, to: str) -> Call:
        """Queued at once, dialled when its turn comes; the caller's answer says `call queued` when that is not now."""
        world = self._world
        uuid = world.new_uuid()
        slot = self._pacer.slot(world.now())
        call = Call(request, to, uuid, world.new_uuid() if world.split_uuids else uuid, world.now(), slot)
        self.calls.append(call)
        world.note(
            "call.requested",
            request_uuid=uuid,
            call_uuid=call.call_uuid,
            sender=request.sender,
            to=to,
            answer_url=request.answer.url,
            dials_at=slot,
        )
        world.at(slot, lambda: self._dial(call))
        return call

    def _dial(self, call: Call) -> None:
        if call.is_over:
            return
        call.status, call.dialled_at = CallStatus.INITIATED, self._world.now()
        self._world.note("call.dialled", call_uuid=call.call_uuid, to=call.to)
        phone = self._world.phone_or_note(call.to, "call")
        code = self._why_not(call, phone)
        if phone is not None:
            phone.calls.append(call)
        if code or phone is None:
            self._timer(call, SETUP, lambda: self.end(call, code or 3050, "Plivo" if code == 1010 else "Carrier"))
            return
        self._timer(call, call.request.ring_timeout, lambda: self._rang_out(call))
        self._timer(call, SETUP, lambda: self._ring(call, phone))

    def _why_not(self, call: Call, phone: Phone | None) -> int:
        if self._world.account.out_of_credits:
            return 1010
        fault = self._world.faults.take(frozenset({"unreachable"}), "Call", call.to)
        if fault is not None:
            return int(fault.code or 5000)
        return phone.why_not_ringing() if phone else 3050

    def _ring(self, call: Call, phone: Phone) -> None:
        if phone.call is not None:  # two calls dialled within the same second: the first one has the line
            return self.end(call, 3010, "Carrier")
        call.status, call.ringing_at = CallStatus.RINGING, self._world.now()
        self._world.note("call.ringing", call_uuid=call.call_uuid, to=call.to)
        self.inform(call, "Ring", call.request.ring, "Ring")
        if call.request.hangup_on_ring is not None:
            self._timer(call, call.request.hangup_on_ring, lambda: self._rang_out(call))
        phone.begin(call)

    def _rang_out(self, call: Call) -> None:
        if call.answered_at is None:
            self.end(call, 6010, "Plivo")

    # -- answering

    def answer(self, call: Call, phone: Phone, machine: bool) -> None:
        call.status, call.answered_at = CallStatus.IN_PROGRESS, self._world.now()
        self._world.note("call.answered", call_uuid=call.call_uuid, to=call.to, machine=machine)
        self._timer(call, min(call.request.time_limit, 86_400.0), lambda: self.end(call, 6000, "Plivo"))
        reader = self._readers[call] = Reader(self._world, call, lambda: phone.hear_menu(call))
        asked = call.request.machine_detection
        if not asked or call.request.machine:
            self._timer(call, 0.0, reader.start)
            if asked:
                self._timer(call, DETECTION, lambda: self._detected(call, machine))
        else:
            pause = min(DETECTION, call.request.machine_detection_time / 1000)
            self._timer(call, pause, lambda: self._detected_first(call, machine, reader))

    def _detected(self, call: Call, machine: bool) -> None:
        """Asynchronous: the XML is running meanwhile. Whether Plivo calls for humans too is not documented."""
        if not machine and not self._world.detects_humans:
            return
        call.machine = machine
        hangs_up = machine and call.request.machine_detection == "hangup"
        extra = {"Machine": "true" if machine else "false", "IfMachine": "hangup" if hangs_up else "continue"}
        self.inform(call, "MachineDetection", call.request.machine, "MachineDetection", extra)
        if hangs_up:
            self.end(call, 9100, "Plivo")

    def _detected_first(self, call: Call, machine: bool, reader: Reader) -> None:
        """Synchronous: the answer URL waits for the verdict."""
        call.machine = True if machine else None
        if machine and call.request.machine_detection == "hangup":
            self.end(call, 9100, "Plivo")
        else:
            reader.start()

    # -- ending

    def end(self, call: Call, code: int, source: str) -> None:
        """Nothing happens the second time."""
        if call.is_over:
            return
        call.hangup, call.ended_at = Hangup(code, source), self._world.now()
        call.status = CallStatus(call.hangup.status(call.answered_at is not None))
        for timer in self._timers.pop(call, []):
            timer.cancel()
        if reader := self._readers.get(call):
            reader.leave()
        self._world.account.charge(call.cost(self._world.account))
        self._world.note(
            "call.ended",
            call_uuid=call.call_uuid,
            to=call.to,
            status=str(call.status),
            code=code,
            name=call.hangup.name,
            source=source,
            duration=call.duration,
        )
        if call.request.hangup:
            self._callback(call, "Hangup", call.request.hangup, hangup_params(call, self._world.account))

    def cancel(self, call: Call) -> None:
        """By API: a normal hangup on an answered call, `Cancelled` before that."""
        self.end(call, 4000 if call.answered_at is not None else 1000, "API Request")

    def transfer(self, call: Call, target: Target) -> None:
        reader = self._readers[call]
        self._world.note("call.transferred", call_uuid=call.call_uuid, url=target.url)
        self._timer(call, 0.0, lambda: reader.transfer(target))

    # -- callbacks

    def inform(self, call: Call, name: str, target: Target, event: str, extra: dict[str, str] | None = None) -> None:
        if target:
            self._callback(call, name, target, callback_params(call, self._world.account, event) | (extra or {}))

    def _callback(self, call: Call, name: str, target: Target, params: dict[str, str]) -> None:
        url, retries = split_fragment(target.url)
        self._world.callbacks.send(Callback(name, call.call_uuid, target.method, url, params, retries))

    # -- timers

    def _timer(self, call: Call, seconds: float, action: Action) -> None:
        """Cancelled when the call ends."""
        self._timers.setdefault(call, []).append(self._world.after(seconds, action))
