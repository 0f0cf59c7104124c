"""Carriers, asked themselves: the sandbox in place of Plivo, Slack and the mail server."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from escalation.local.checks.finding import Level
from escalation.local.doctor import examine
from tests.carriers.stubs import closed_port
from tests.local.ward import Ward


def test_plivo_refuses_our_token(ward: Ward) -> None:
    """The cure names the settings, and shows neither."""
    found = ward.examine("plivo", PLIVO_AUTH_TOKEN="secret-wrong").findings
    assert [finding.level for finding in found] == [Level.FAULT]
    assert "PLIVO_AUTH_TOKEN" in found[0].cure
    assert "secret-wrong" not in "".join(ward.shown)


@pytest.mark.parametrize(("money", "level"), [("0", Level.FAULT), ("4.99", Level.WARNING), ("5", Level.OK)])
def test_plivo_s_money_is_counted(ward: Ward, money: str, level: Level) -> None:
    """An empty prepaid account calls nobody."""
    ward.sandbox.world.account.cash_credits = Decimal(money)
    assert ward.found("plivo")["Plivo"] is level


def test_a_number_that_is_not_ours_is_a_fault(ward: Ward) -> None:
    """A mistyped caller id would make every call fail."""
    ward.sandbox.world.account.numbers = ("+15550109998",)
    assert ward.found("plivo")["Plivo number"] is Level.FAULT


def test_plivo_that_cannot_be_reached_is_a_fault(ward: Ward) -> None:
    """Told apart from credentials that are refused."""
    (found,) = ward.examine("plivo", PLIVO_API_URL=f"http://127.0.0.1:{closed_port()}").findings
    assert found.level is Level.FAULT
    assert "way out" in found.cure


def test_slack_and_mail_are_asked(ward: Ward) -> None:
    """A wrong token and a server that is not there are faults; what is not set up is not looked at."""
    found = ward.found(
        "slack", "email", SLACK_API_URL=f"http://127.0.0.1:{closed_port()}/api/", SMTP_URL=f"smtp://127.0.0.1:{closed_port()}"
    )
    assert found == {"Slack": Level.FAULT, "e-mail": Level.FAULT}
    assert ward.found("slack", "email", SLACK_BOT_TOKEN="", SMTP_URL="") == {"Slack": Level.UNKNOWN, "e-mail": Level.UNKNOWN}
    assert ward.found("slack", SLACK_SIGNING_SECRET="") == {"Slack": Level.WARNING}


def test_a_carrier_that_is_believed_down_is_a_warning(ward: Ward) -> None:
    """The other channels page meanwhile."""
    with ward.system.store.transaction() as tx:
        tx.carrier_down("plivo", "503")
    assert ward.found("carriers") == {"plivo down": Level.WARNING}


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"billing_mode": "postpaid", "cash_credits": "-3.2"}, "takes our credentials"),
        ({"billing_mode": "prepaid"}, "takes our credentials"),
        ({"billing_mode": "prepaid", "cash_credits": "0.00000"}, "empty"),
    ],
)
def test_only_a_prepaid_account_can_be_empty(ward: Ward, said: dict[str, str], word: str) -> None:
    """A postpaid one owes, and a subaccount does not know."""

    def plivo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, json=said if request.url.path.endswith("/MAX/") else {"voice_enabled": True, "sms_enabled": True}
        )

    environ = ward.environ | {"PLIVO_AUTH_ID": "MAX", "PLIVO_API_URL": "http://api.test"}
    found = examine(environ, ["plivo"], transport=httpx.MockTransport(plivo)).findings
    assert word in found[0].said
    assert (found[0].level is Level.FAULT) is (word == "empty")
