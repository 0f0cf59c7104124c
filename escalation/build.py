"""The composition root: Settings -> System, the one place where adapters meet the engine. Entry points build one per process."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import httpx  # only the type of a transport that tests hand in

from escalation.announcing import Announcing
from escalation.audit import Audit
from escalation.briefing import Briefs
from escalation.carriers.email.client import EmailClient
from escalation.carriers.plivo.client import PlivoClient
from escalation.carriers.unconfigured import Unconfigured
from escalation.carriers.webhook.client import WebhookClient
from escalation.clock import SystemClock
from escalation.dispatch import Dispatch
from escalation.domain.links import self_test_key
from escalation.domain.roster import Channel
from escalation.domain.self_test import SelfTest
from escalation.engine import Engine
from escalation.errors import StoreUnavailable
from escalation.ping import Ping
from escalation.ports import Carrier, Clock, Job, Nudge, Patience
from escalation.readiness import Readiness
from escalation.responses import Responses
from escalation.retention import Retention
from escalation.review import Review
from escalation.settings import Settings
from escalation.store import schema
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from escalation.verifying import Verifying

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class System:
    """Everything an entry point needs. `plivo` is None when the site has no Plivo account, `ping` when nobody waits for one."""

    settings: Settings
    store: SqlStore
    engine: Engine
    dispatch: Dispatch
    briefs: Briefs
    queries: Queries
    responses: Responses
    audit: Audit
    retention: Retention
    announcing: Announcing
    review: Review
    readiness: Readiness
    verifying: Verifying
    plivo: PlivoClient | None
    ping: Ping | None
    caller: float  # seconds in which whoever is on the phone is answered


class NoNudge:
    """Wakes nobody: what it was told is carried out by the timekeeper, ten seconds later."""

    def wake(self, jobs: Sequence[Job]) -> None:
        pass


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    nudge: Nudge | None = None,
    transport: httpx.BaseTransport | None = None,
    caller: float = Patience.CALLER.value,
) -> System:
    """`clock`, `transport` and `caller` are for tests that move time, play the carrier, and run on busy machines; `nudge` wakes
    workers."""
    quieten()
    ticking = clock or SystemClock()
    store = SqlStore(settings.sql_url, clock, caller=caller)
    engine = Engine(store, nudge or NoNudge(), self_test(settings))
    briefs = Briefs(settings.public_url, settings.secret_key)
    plivo = plivo_client(settings, transport)
    carriers = by_channel(settings, ticking, plivo, transport)
    dispatch = Dispatch(engine, store, carriers, briefs, holder=f"{socket.gethostname()}:{os.getpid()}", rates=rates(settings))
    responses = Responses(engine, store, settings.secret_key)
    audit, retention, review = Audit(engine, store), Retention(store, settings.keep_days), Review(engine, store)
    ping = Ping(settings.ping_url, transport) if settings.ping_url else None
    announcing, readiness, queries = Announcing(store, carriers), Readiness(engine, store), Queries(store)
    return System(
        settings,
        store,
        engine,
        dispatch,
        briefs,
        queries,
        responses,
        audit,
        retention,
        announcing,
        review,
        readiness,
        Verifying(store, carriers, settings.secret_key, settings.public_url),
        plivo,
        ping,
        caller,
    )


def rates(settings: Settings) -> dict[Channel, int]:
    """What Plivo's account may begin in a second; other carriers have no limit that we would reach."""
    return {Channel.VOICE: settings.plivo_calls_per_second, Channel.SMS: settings.plivo_texts_per_second}


def must_fit(settings: Settings) -> None:
    """For processes that stay, before they build anything: raises `SchemaMismatch` for a database whose schema this release cannot
    work with. One that is away is waited for; its schema is not looked at again."""
    quieten()
    try:
        schema.check(settings.sql_url)
    except StoreUnavailable:
        log.warning("started without the database: its schema was not checked")


def self_test(settings: Settings) -> SelfTest | None:
    return SelfTest(settings.self_test_number, self_test_key(settings.secret_key)) if settings.tests_itself else None


def plivo_client(settings: Settings, transport: httpx.BaseTransport | None) -> PlivoClient | None:
    if not settings.plivo_auth_id:
        return None
    token, number = settings.plivo_auth_tokens[0], settings.plivo_from_number
    return PlivoClient(settings.plivo_auth_id, token, number, settings.plivo_api_url, settings.public_url, transport)


def by_channel(
    settings: Settings, clock: Clock, plivo: PlivoClient | None, transport: httpx.BaseTransport | None
) -> dict[Channel, Carrier]:
    carriers: list[Carrier] = [Unconfigured(channel) for channel in Channel]
    carriers.append(WebhookClient(settings.secret_key, clock, transport))
    if settings.slack_bot_token or settings.slack_webhook_url:
        from escalation.carriers.slack.client import SlackClient  # noqa: PLC0415  # its library is 2 MB in each process

        carriers.append(SlackClient(settings.slack_bot_token, settings.slack_webhook_url, settings.slack_api_url))
    if settings.smtp_url:
        carriers.append(EmailClient(settings.smtp_url, settings.mail_from, clock))
    if plivo:
        carriers.append(plivo)
    return {channel: carrier for carrier in carriers for channel in carrier.channels}


def quieten() -> None:
    """httpx logs every URL, SQLAlchemy every value: both carry what must not be in a log. Alembic only chatters."""
    for name in ("httpx", "httpcore", "sqlalchemy", "slack_sdk", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
