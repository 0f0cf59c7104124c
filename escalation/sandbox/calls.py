"""One call and what Plivo would tell about it: the parameters of its callbacks, its record, its price. It is state only;
`switchboard.py` moves it, `reader.py` speaks into it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from escalation.sandbox.account import Account, money
from escalation.sandbox.causes import CDR_STATES, Hangup


class CallStatus(StrEnum):
    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    TIMEOUT = "timeout"
    NO_ANSWER = "no-answer"


LIVE = frozenset({CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS})


@dataclass(frozen=True)
class Target:
    """An URL of the request, with its method."""

    url: str = ""
    method: str = "POST"

    def __bool__(self) -> bool:
        return bool(self.url)


@dataclass(frozen=True)
class CallRequest:
    """What `POST Call/` asked for, checked."""

    sender: str
    answer: Target
    ring: Target = Target()
    hangup: Target = Target()
    fallback: Target = Target()
    machine: Target = Target()
    machine_detection: str = ""
    machine_detection_time: int = 5000
    caller_name: str = ""
    ring_timeout: float = 120.0
    hangup_on_ring: float | None = None
    time_limit: float = 14_400.0
    sip_headers: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False)
class Call:
    """`to` and `sender` are digits. `heard` is everything that was spoken or played into it."""

    request: CallRequest
    to: str
    request_uuid: str
    call_uuid: str
    requested_at: float
    dials_at: float
    status: CallStatus = CallStatus.QUEUED
    dialled_at: float | None = None
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    hangup: Hangup | None = None
    machine: bool | None = None
    heard: list[str] = field(default_factory=list)
    pressed: str = ""

    @property
    def sender(self) -> str:
        return self.request.sender

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    @property
    def duration(self) -> int:
        if self.answered_at is None:
            return 0
        return math.ceil((self.ended_at or self.answered_at) - self.answered_at)

    @property
    def billed(self) -> int:
        """Voice is sold by the minute, begun is bought."""
        return -(-self.duration // 60) * 60

    def cost(self, account: Account) -> Decimal:
        return account.voice_rate * (self.billed // 60)


def callback_params(call: Call, account: Account, event: str) -> dict[str, str]:
    """The fields every voice callback has. Numbers without `+`, as Plivo sends them."""
    params = {
        "ALegRequestUUID": call.request_uuid,
        "ALegUUID": call.call_uuid,
        "CallStatus": str(call.status),
        "CallUUID": call.call_uuid,
        "Direction": "outbound",
        "Event": event,
        "From": call.sender,
        "RequestUUID": call.request_uuid,
        "STIRAttestation": "",
        "STIRVerification": "Not Applicable",
        "SessionStart": _micros(call.dialled_at or call.requested_at),
        "To": call.to,
    }
    if event != "Ring":
        params |= {"BillRate": money(account.voice_rate), "ParentAuthID": account.parent_auth_id}
        params |= {f"X-PH-{name}": value for name, value in call.request.sip_headers}
    if call.request.caller_name:
        params["CallerName"] = call.request.caller_name
    if call.machine is not None and event != "Ring":
        params["Machine"] = "true" if call.machine else "false"
    return params


def hangup_params(call: Call, account: Account) -> dict[str, str]:
    hangup = call.hangup or Hangup(0, "Unknown")
    return callback_params(call, account, "Hangup") | {
        "AnswerTime": _seconds(call.answered_at),
        "BillDuration": str(call.billed),
        "Duration": str(call.duration),
        "EndTime": _seconds(call.ended_at),
        "HangupCause": hangup.cause,
        "HangupCauseCode": str(hangup.code),
        "HangupCauseName": hangup.name,
        "HangupSource": hangup.source,
        "StartTime": _seconds(call.dialled_at or call.requested_at),
        "TotalCost": money(call.cost(account)),
    }


def live_record(call: Call) -> dict[str, object]:
    return {
        "call_status": str(call.status),
        "call_uuid": call.call_uuid,
        "caller_name": call.request.caller_name or "+" + call.sender,
        "direction": "outbound",
        "from": call.sender,
        "request_uuid": call.request_uuid,
        "session_start": _micros(call.dialled_at or call.requested_at),
        "stir_attestation": "",
        "stir_verification": "Not Applicable",
        "to": call.to,
    }


def detail_record(call: Call, account: Account) -> dict[str, object]:
    """What is kept of a call that ended (its CDR); other words than the callbacks use."""
    hangup = call.hangup or Hangup(0, "Unknown")
    return {
        "answer_time": _zoned(call.answered_at),
        "bill_duration": call.duration,
        "billed_duration": call.billed,
        "call_direction": "outbound",
        "call_duration": call.duration,
        "call_state": CDR_STATES[str(call.status)],
        "call_uuid": call.call_uuid,
        "cnam_lookup": None,
        "conference_uuid": None,
        "end_time": _zoned(call.ended_at),
        "from_number": "+" + call.sender,
        "hangup_cause_code": hangup.code,
        "hangup_cause_name": hangup.name,
        "hangup_source": hangup.source,
        "initiation_time": _zoned(call.dialled_at or call.requested_at),
        "parent_call_uuid": None,
        "resource_uri": f"/v1/Account/{account.auth_id}/Call/{call.call_uuid}/",
        "source_ip": None,
        "stir_attestation": "",
        "stir_verification": "Not Applicable",
        "to_number": call.to,
        "total_amount": money(call.cost(account)),
        "total_rate": money(account.voice_rate),
        "voice_network_group": "None",
    }


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _micros(at: float) -> str:
    return f"{_utc(at):%Y-%m-%d %H:%M:%S.%f}"


def _seconds(at: float | None) -> str:
    return "" if at is None else f"{_utc(at):%Y-%m-%d %H:%M:%S}"


def _zoned(at: float | None) -> str | None:
    return None if at is None else f"{_utc(at):%Y-%m-%d %H:%M:%S}+00:00"
