"""`Account/{id}/` and `Number/` of Plivo's REST API, read only: the money that is left and the numbers that are ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask

from escalation.sandbox.account import digits_of, money
from escalation.sandbox.body import page_of
from escalation.sandbox.gate import error

if TYPE_CHECKING:
    from escalation.sandbox.world import World


def register(app: Flask, world: World) -> None:
    api = _Account(world)
    app.add_url_rule("/v1/Account/<auth_id>/", "get_account", api.account, methods=["GET"])
    app.add_url_rule("/v1/Account/<auth_id>/Number/", "list_numbers", api.numbers, methods=["GET"])
    app.add_url_rule("/v1/Account/<auth_id>/Number/<number>/", "get_number", api.number, methods=["GET"])


class _Account:
    def __init__(self, world: World) -> None:
        self._world = world

    def account(self, auth_id: str) -> Any:
        account = self._world.account
        return {
            "account_type": "standard",
            "address": "",
            "api_id": self._world.new_uuid(),
            "auth_id": account.auth_id,
            "auto_recharge": False,
            "billing_mode": "prepaid",
            "cash_credits": money(account.cash_credits),
            "city": "",
            "name": account.name,
            "resource_uri": f"/v1/Account/{account.auth_id}/",
            "state": "",
            "timezone": "UTC",
        }

    def numbers(self, auth_id: str) -> Any:
        records = [self._record(digits_of(number)) for number in self._world.account.numbers]
        return page_of(records, f"/v1/Account/{auth_id}/Number/", self._world.new_uuid())

    def number(self, auth_id: str, number: str) -> Any:
        digits = digits_of(number)
        if not digits or not self._world.account.owns(digits):
            return error(self._world, 404, "not found")
        return {"api_id": self._world.new_uuid(), **self._record(digits)}

    def _record(self, digits: str) -> dict[str, object]:
        account_id = self._world.account.auth_id
        return {
            "active": True,
            "added_on": "2024-01-01",
            "alias": None,
            "application": f"/v1/Account/{account_id}/Application/10000000000000001/",
            "carrier": "Plivo",
            "city": None,
            "cnam_lookup": "disabled",
            "compliance_application_id": None,
            "compliance_status": None,
            "country": "United States",
            "mms_enabled": False,
            "monthly_rental_rate": "0.80000",
            "number": digits,
            "number_type": "local",
            "region": "United States",
            "renewal_date": "2030-01-01",
            "resource_uri": f"/v1/Account/{account_id}/Number/{digits}/",
            "sms_enabled": True,
            "sms_rate": "0.00000",
            "sub_account": None,
            "tendlc_campaign_id": None,
            "tendlc_registration_status": "UNREGISTERED",
            "toll_free_sms_verification": None,
            "voice_enabled": True,
            "voice_rate": "0.00500",
        }
