"""`Call/` and `Request/` of Plivo's REST API: place, look at, transfer, hang up, cancel. It checks and answers; what
happens afterwards is the switchboard's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, request

from escalation.sandbox.body import BadRequest, Body, keeps, page_of
from escalation.sandbox.calls import Call, CallRequest, CallStatus, detail_record, live_record
from escalation.sandbox.gate import error

if TYPE_CHECKING:
    from escalation.sandbox.world import World

_EXACT = ("call_direction", "hangup_cause_code", "hangup_source", "parent_call_uuid")


def register(app: Flask, world: World) -> None:
    api = _Calls(world)
    base = "/v1/Account/<auth_id>"
    app.add_url_rule(f"{base}/Call/", "place_call", api.place, methods=["POST"])
    app.add_url_rule(f"{base}/Call/", "list_calls", api.listed, methods=["GET"])
    app.add_url_rule(f"{base}/Call/<uuid>/", "get_call", api.get, methods=["GET"])
    app.add_url_rule(f"{base}/Call/<uuid>/", "transfer_call", api.transfer, methods=["POST"])
    app.add_url_rule(f"{base}/Call/<uuid>/", "hang_up_call", api.hang_up, methods=["DELETE"])
    app.add_url_rule(f"{base}/Request/<uuid>/", "cancel_request", api.cancel, methods=["DELETE"])


class _Calls:
    def __init__(self, world: World) -> None:
        self._world = world

    def place(self, auth_id: str) -> Any:
        try:
            asked, destinations = self._checked(Body())
        except BadRequest as fault:
            self._world.note("api.refused", path=request.path, status=400, error=str(fault))
            return error(self._world, 400, str(fault))
        calls = [self._world.switchboard.place(asked, to) for to in destinations]
        uuids = [call.request_uuid for call in calls]
        fired = all(call.dials_at <= self._world.now() for call in calls)
        message = "call fired" if fired else "call queued"
        answer = {"api_id": self._world.new_uuid(), "message": message,
                  "request_uuid": uuids[0] if len(uuids) == 1 else uuids}  # fmt: skip
        return answer, 201

    def _checked(self, body: Body) -> tuple[CallRequest, list[str]]:
        sender, (good, bad) = body.required("from"), body.destinations("to")
        body.required("answer_url")
        if bad or not good:
            raise BadRequest("to parameter is invalid")
        detection = body.text("machine_detection").lower()
        if detection not in ("", "true", "false", "hangup"):
            raise BadRequest("machine_detection parameter is invalid")
        return CallRequest(
            sender=sender.lstrip("+"),
            answer=body.target("answer_url", "answer_method"),
            ring=body.target("ring_url", "ring_method"),
            hangup=body.target("hangup_url", "hangup_method"),
            fallback=body.target("fallback_url", "fallback_method"),
            machine=body.target("machine_detection_url", "machine_detection_method"),
            machine_detection="" if detection == "false" else detection,
            machine_detection_time=int(body.number("machine_detection_time", 5000, 2000, 10_000)),
            caller_name=body.text("caller_name")[:50],
            ring_timeout=body.number("ring_timeout", 120, 1, 3600),
            hangup_on_ring=body.optional_number("hangup_on_ring", 0, 3600),
            time_limit=body.number("time_limit", 14_400, 1, 10**6),
            sip_headers=_sip_headers(body.text("sip_headers")),
        ), good

    def listed(self, auth_id: str) -> Any:
        status = request.args.get("status")
        if status in ("live", "queued"):
            return self._uuids(status)
        ended = [call for call in self._world.calls if call.is_over]
        records = [detail_record(call, self._world.account) for call in reversed(ended)]
        kept = [record for record in records
                if keeps(record, _EXACT, ("from_number", "to_number"), ("end_time", "bill_duration"))]  # fmt: skip
        return page_of(kept, f"/v1/Account/{auth_id}/Call/", self._world.new_uuid())

    def _uuids(self, status: str) -> dict[str, object]:
        chosen = [call for call in self._world.calls if _is(call, status) and keeps(
            {"from_number": call.sender, "to_number": call.to, "call_direction": "outbound"},
            ("call_direction",), ("from_number", "to_number"), ())]  # fmt: skip
        return {"api_id": self._world.new_uuid(), "calls": [_listed_as(call) for call in chosen]}

    def get(self, auth_id: str, uuid: str) -> Any:
        status = request.args.get("status", "")
        find = self._world.switchboard.by_request_uuid if status == "queued" else self._world.switchboard.by_call_uuid
        call = find(uuid)
        if call is not None and status in ("live", "queued") and _is(call, status):
            return {"api_id": self._world.new_uuid(), **live_record(call)}
        if call is not None and not status and call.is_over:
            return {"api_id": self._world.new_uuid(), **detail_record(call, self._world.account)}
        return error(self._world, 404, "not found")

    def transfer(self, auth_id: str, uuid: str) -> Any:
        call = self._world.switchboard.by_call_uuid(uuid)
        if call is None or call.status is not CallStatus.IN_PROGRESS:
            return error(self._world, 404, "not found")
        try:
            Body().required("aleg_url")
            self._world.switchboard.transfer(call, Body().target("aleg_url", "aleg_method"))
        except BadRequest as fault:
            return error(self._world, 400, str(fault))
        return {"api_id": self._world.new_uuid(), "call_uuids": [uuid], "message": "call transferred"}, 202

    def hang_up(self, auth_id: str, uuid: str) -> Any:
        call = self._world.switchboard.by_call_uuid(uuid)
        return self._end(call if call is not None and call.is_live else None)

    def cancel(self, auth_id: str, uuid: str) -> Any:
        call = self._world.switchboard.by_request_uuid(uuid)
        return self._end(call if call is not None and not call.is_over else None)

    def _end(self, call: Call | None) -> Any:
        if call is None:
            return error(self._world, 404, "not found")
        self._world.switchboard.cancel(call)
        return "", 204


def _listed_as(call: Call) -> str:
    """A call that is still queued has no other name than its request's."""
    return call.request_uuid if call.status is CallStatus.QUEUED else call.call_uuid


def _is(call: Call, status: str) -> bool:
    return call.is_live if status == "live" else call.status is CallStatus.QUEUED


def _sip_headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)
