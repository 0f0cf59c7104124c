"""By which ways the watcher pages the last resort, with carriers and credentials of its own, and in which words. No database is asked: the
pager that would keep one is what is being watched."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.carriers.email.client import EmailClient
from escalation.carriers.plivo.client import PlivoClient
from escalation.config.faults import Refused
from escalation.config.phone import e164
from escalation.domain.alert import Severity
from escalation.domain.incident import Status
from escalation.domain.roster import Channel
from escalation.domain.wording import Brief
from escalation.errors import BadInput, CarrierError, Verdict
from escalation.ports import Carrier, Clock, Notice
from escalation.settings import Settings

log = logging.getLogger(__name__)

RING = timedelta(seconds=25)
SHORT_ID = "WATCH"
WORDS = {Channel.SMS: "text", Channel.EMAIL: "e-mail", Channel.VOICE: "call"}


@dataclass(frozen=True, slots=True)
class Way:
    """`name` tells ways apart without saying whom they reach: `text 1`."""

    name: str
    channel: Channel
    address: str
    carrier: Carrier

    def tell(self, brief: Brief, number: int) -> Verdict | None:
        """None when the carrier took it. Never raises."""
        try:
            self.carrier.send(Notice(brief.incident_id, number, 1, self.channel, self.address, RING, brief))
        except CarrierError as error:
            log.error("%s: %s", self.name, error.reason)
            return error.verdict
        except Exception as error:  # its text may hold the number
            log.error("%s: a fault of ours (%s)", self.name, type(error).__name__)
            return Verdict.UNKNOWN
        log.warning("%s: taken by %s", self.name, self.carrier.name)
        return None


def ways(settings: Settings, answer_url: str, clock: Clock) -> tuple[Way, ...]:
    """Texts first, as they need nothing of ours to be reached; calls only where Plivo can fetch the words. Raises `BadInput` with
    every fault, by the place of a number, never by the number."""
    faults: list[str] = []
    found = list(_ways(settings, answer_url, clock, faults))
    if not found and not faults:
        faults.append("nobody to tell: ESCALATION_WATCH_PHONES or ESCALATION_WATCH_MAILS is needed")
    if faults:
        raise BadInput(faults)
    return tuple(found)


def _ways(settings: Settings, answer_url: str, clock: Clock, faults: list[str]) -> Iterator[Way]:
    numbers = list(_numbers(settings, faults))
    if numbers and not settings.plivo_auth_id:
        faults.append("ESCALATION_WATCH_PHONES: PLIVO_AUTH_ID and the like are needed to reach them")
    elif numbers:
        token, sender = settings.plivo_auth_tokens[0], settings.plivo_from_number
        plivo = PlivoClient(settings.plivo_auth_id, token, sender, settings.plivo_api_url, answer_url)
        for channel in (Channel.SMS, Channel.VOICE) if answer_url else (Channel.SMS,):
            yield from _each(channel, numbers, plivo)
    if settings.watch_mails and not settings.smtp_url:
        faults.append("ESCALATION_WATCH_MAILS: SMTP_URL is needed to reach them")
    elif settings.watch_mails:
        mail = EmailClient(settings.smtp_url, settings.mail_from, clock)
        yield from _each(Channel.EMAIL, list(settings.watch_mails), mail)


def _numbers(settings: Settings, faults: list[str]) -> Iterator[str]:
    pretend = settings.plivo_api_url != Settings().plivo_api_url
    for place, number in enumerate(settings.watch_phones, 1):
        try:
            yield e164(number, allow_test=pretend)
        except Refused as error:
            faults.append(f"ESCALATION_WATCH_PHONES, number {place}: {error}")


def _each(channel: Channel, addresses: list[str], carrier: Carrier) -> Iterator[Way]:
    for place, address in enumerate(addresses, 1):
        yield Way(f"{WORDS[channel]} {place}", channel, address, carrier)


# --- the words


def is_out(place: int, site: str, fault: str, since: datetime) -> Brief:
    summary = f"The pager itself is out since {since:%H:%M} UTC ({fault}). It may page nobody: look at it now."
    return Brief(place, SHORT_ID, site, Severity.CRITICAL, summary, Status.TRIGGERED, since)


def is_back(place: int, site: str, since: datetime, now: datetime) -> Brief:
    summary = f"The pager is ready again, it was out from {since:%H:%M} to {now:%H:%M} UTC. Check what it missed."
    return Brief(place, SHORT_ID, site, Severity.INFO, summary, Status.RESOLVED, since)


def is_a_test(now: datetime) -> Brief:
    summary = "This is a test of the pager's watcher. Nothing is wrong, and there is nothing to do."
    return Brief(0, SHORT_ID, "test", Severity.INFO, summary, Status.TRIGGERED, now)


def spoken(brief: Brief) -> list[str]:
    """For a call: no keys, since nothing would hear them."""
    said = ["This is the watcher of the on-call pager.", f"{brief.service}.", brief.summary]
    return [*said, "Once more.", *said]
