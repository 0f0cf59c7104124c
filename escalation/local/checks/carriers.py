"""The carriers, asked themselves: do they take our credentials, is there money, is the number ours. Nothing is sent to anybody."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from escalation.build import by_channel
from escalation.carriers.plivo.client import Account, PlivoClient
from escalation.clock import SystemClock
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.local.checks.finding import Finding, fault, ok, unknown, warning
from escalation.local.checks.patient import Patient

LOW = Decimal(5)  # USD: some hundred calls


def down(patient: Patient) -> Iterator[Finding]:
    """Carriers that the dispatch believes down: no fault, since the other channels page meanwhile."""
    for name, since in patient.system.queries.sending().down.items():
        cure = "nothing: it is asked again every 5 s; see its status page"
        yield warning(f"{name} down", f"since {since:%Y-%m-%d %H:%M:%S} UTC", cure)


def plivo(patient: Patient) -> Iterator[Finding]:
    client = patient.system.plivo
    if client is None:
        yield unknown("Plivo", "no account is set")
        return
    try:
        yield _money(client.account())
        yield from _number(client)
    except CarrierError as error:
        if error.verdict is Verdict.CREDENTIALS:
            yield fault("Plivo", error.reason, "see PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN (the newest first) in Plivo's console")
        else:
            yield fault("Plivo", error.reason, "see this host's way out and Plivo's status page; texts and calls wait meanwhile")


def _money(account: Account) -> Finding:
    if not account.can_pay:
        return fault("Plivo", "takes our credentials, and the account is empty", "recharge it, and switch auto recharge on")
    if account.is_prepaid and account.credits is not None and account.credits < LOW:
        return warning(
            "Plivo", f"takes our credentials; {account.credits:.2f} USD left", "recharge it, and switch auto recharge on"
        )
    left = f"; {account.credits:.2f} USD left" if account.is_prepaid and account.credits is not None else ""
    return ok("Plivo", f"takes our credentials{left}")


def _number(client: PlivoClient) -> Iterator[Finding]:
    what, number = "Plivo number", client.number()
    if number is None:
        yield fault(what, "this account does not rent PLIVO_FROM_NUMBER", "see Phone Numbers in Plivo's console")
    elif not number.voice:
        yield fault(what, "it cannot call", "rent one with voice")
    elif not number.sms:
        yield warning(what, "it cannot text: no texts, no replies", "rent one with SMS")
    else:
        yield ok(what, "rented; calls and texts")


def slack(patient: Patient) -> Iterator[Finding]:
    settings = patient.settings
    if Channel.SLACK not in patient.channels:
        yield unknown("Slack", "not set up")
        return
    client = by_channel(settings, SystemClock(), None, None)[Channel.SLACK]
    if not client.alive():
        name = "SLACK_BOT_TOKEN" if settings.slack_bot_token else "SLACK_WEBHOOK_URL"
        yield fault(
            "Slack",
            "refuses us, or cannot be reached",
            f"see {name}, whether the app is still installed, and this host's way out",
        )
    elif settings.slack_bot_token and not settings.slack_signing_secret:
        yield warning("Slack", "takes our token; buttons are refused", "set SLACK_SIGNING_SECRET")
    else:
        yield ok("Slack", "takes our token" if settings.slack_bot_token else "takes our webhook")


def email(patient: Patient) -> Iterator[Finding]:
    if Channel.EMAIL not in patient.channels:
        yield unknown("e-mail", "not set up")
        return
    if by_channel(patient.settings, SystemClock(), None, None)[Channel.EMAIL].alive():
        yield ok("e-mail", "the server lets us in")
    else:
        yield fault(
            "e-mail", "the server refuses us, or cannot be reached", "see SMTP_URL: host, port, starttls, user and password"
        )
