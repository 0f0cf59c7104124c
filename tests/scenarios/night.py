"""A night on call: the whole product around the sandbox, one thread, time moved by hand. Real store, engine, dispatch, timekeeper,
Flask receiver, Plivo client; only the wire is short (WSGI in place of sockets; Slack and mail, whose libraries insist, go over
loopback). Workers are played by `settle`, which carries out what was nudged, unless `workers` are dead. The database is SQLite in a
folder, or the one at a URL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from flask.testing import FlaskClient
from sqlalchemy import NullPool, create_engine, func, select
from werkzeug.serving import BaseWSGIServer, make_server

from escalation.build import System, build
from escalation.domain.alert import Alert
from escalation.domain.incident import Incident, Status
from escalation.domain.policy import Policy
from escalation.local import elsewhere
from escalation.local.self_test import SelfTests
from escalation.ports import Job
from escalation.sandbox import VirtualClock, World
from escalation.sandbox import create_app as create_sandbox
from escalation.sandbox.slack import SlackMessage
from escalation.sandbox.smtp import SmtpSink
from escalation.settings import Settings
from escalation.store import tables
from escalation.store.schema import migrate
from tests.builders import NIGHT, PHONES, alert, site
from tests.fakes import FakeClock
from tests.phones import Line
from tests.servers.wire import Wire
from webhooks.app import create_app
from workers.duties import at_once
from workers.timekeeper import Timekeeper

T = TypeVar("T")
NEVER = datetime(3000, 1, 1, tzinfo=UTC).timestamp()
PUBLIC = "https://pager.example.org"
on_both_databases = pytest.mark.parametrize("night", ["sqlite", "postgresql"], indirect=True)


@dataclass
class Workers:
    """The broker and its workers: what was nudged lies here until somebody carries it out. Dead ones hear nothing."""

    jobs: list[Job] = field(default_factory=list)
    alive: bool = True

    def wake(self, jobs: Sequence[Job]) -> None:
        if self.alive:
            self.jobs += jobs


@dataclass
class Person:
    phone: Line

    @property
    def sms(self):  # type: ignore[no-untyped-def]
        return self.phone.sms


class Night:
    """`night.ann`, `night.bob`, `night.lee` are the people of `tests.builders`."""

    def __init__(self, folder: Path, policy: Policy | None = None, database_url: str = "", **settings: object) -> None:
        self.clock = FakeClock()
        self.world = World(clock=VirtualClock(NIGHT.timestamp()), calls_per_second=100, texts_per_second=100)
        self.world.message_url = f"{PUBLIC}/plivo/texts/inbound"
        self.world.slack.actions_url = f"{PUBLIC}/slack/actions"
        sandbox = create_sandbox(self.world)
        self._slack, self._mail = _serve(sandbox), SmtpSink(self.world, "127.0.0.1", 0)
        self._mail.start()
        self._wire = Wire(database_url) if database_url else None
        self.settings = replace(_settings(folder, self.world, self._slack.port, self._mail.port), **settings)  # type: ignore[arg-type]
        if self._wire:
            self.settings = replace(self.settings, database_url=self._wire.url)
        migrate(self.settings.sql_url)
        self.workers = Workers()
        transport = httpx.WSGITransport(app=sandbox)
        self.system: System = build(self.settings, clock=self.clock, nudge=self.workers, transport=transport, caller=30)
        self.app = create_app(self.system)
        self.timekeeper = self.another_timekeeper()
        self.world.client = httpx.Client(transport=httpx.WSGITransport(app=self.app))
        self.people = {h: Person(Line(self, self.world.phone(n, h.capitalize()))) for h, n in PHONES.items()}
        self.ann, self.bob, self.lee = self.people["ann"], self.people["bob"], self.people["lee"]
        self.slack, self.mail = Posts(self), Mails(self)
        self._db = create_engine(database_url) if database_url else create_engine(self.settings.sql_url, poolclass=NullPool)
        self._is_away = False
        self._ahead = timedelta(0)
        self.apply(policy)

    def close(self) -> None:
        self._slack.shutdown()
        self._mail.stop()
        self._db.dispose()
        self.system.store.dispose()
        if self._wire:
            self._wire.cut()

    def apply(self, policy: Policy | None) -> None:
        with self.system.store.transaction() as tx:
            tx.apply(site(policy=policy) if policy else site(), "")

    def another_timekeeper(self) -> Timekeeper:
        send = partial(elsewhere.send, transport=httpx.WSGITransport(app=self.app))
        tests = SelfTests(self.system, send) if self.settings.tests_itself else None
        return Timekeeper(self.system, self.workers, at_once, self_tests=tests)

    # --- what happens

    def trouble(self, summary: str = "db-1 is down", **values: object) -> int:
        return self.takes(alert(summary, **values))

    def takes(self, *alerts: Alert) -> int:
        taken = self.system.engine.take(alerts)
        self.settle()
        return taken[0].incident_id or 0

    def settle(self) -> None:
        """Everything that is due at this very moment. While the database is away only the world goes on."""
        if self._is_away:
            self.world.advance()
            return
        for _ in range(100):
            self.world.advance()
            self.timekeeper.turn(self.clock.now())
            if not self._work() and (self.world.next_due() or NEVER) > self.world.now() and self._due() > self.clock.now():
                return
        raise AssertionError(f"the night does not come to rest:\n{self.story()}")

    def _work(self) -> bool:
        jobs, self.workers.jobs = self.workers.jobs, []
        for job in jobs:
            self.system.dispatch.carry_out(job.id)
        return bool(jobs)

    def passes(self, **by: float) -> None:
        """Nothing of ours is due meanwhile: the timekeeper looks, now and a moment later."""
        self.after(**by)
        self.clock.move(seconds=11)
        self.settle()

    def after(self, **by: float) -> None:
        """Time passes, each moment at which something is due in turn."""
        end = self.clock.now() + timedelta(**by)
        while self.clock.now() < end:
            if self._is_away:
                self._move(end)
                return
            due = [self._due(), datetime.fromtimestamp(self.world.next_due() or NEVER, UTC) + self._ahead]
            if not self.workers.alive or self._db_has_claims():
                due.append(self.clock.now() + timedelta(seconds=1))
            self._move(min(end, max(min(due), self.clock.now() + timedelta(milliseconds=10))))

    def until(self, condition: Callable[[], object], *, seconds: float, or_else: str = "it did not happen") -> None:
        """Time passes until something is so."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while not condition():
            assert self.clock.now() < end, f"{or_else} within {seconds} s; the story so far:\n{self.story()}"
            self.after(seconds=0.5)

    def _move(self, when: datetime) -> None:
        self.clock.at = when
        self.world.advance_to(max((when - self._ahead).timestamp(), self.world.now()))
        self.settle()

    def steps_clock(self, **by: float) -> None:
        """Our machine's clock is set to another time, and no time passes: the carrier's and the phones' go on as they were."""
        self._ahead += timedelta(**by)
        self.clock.move(**by)
        self.settle()

    @contextmanager
    def paused(self, **by: float) -> Iterator[None]:
        """Our machine stands still: nobody of ours hears or does anything while the world goes on."""
        answered, self.world.client = self.world.client, httpx.Client(transport=httpx.MockTransport(_nobody_there))
        end = self.clock.now() + timedelta(**by)
        self.world.advance_to((end - self._ahead).timestamp())
        yield
        self.clock.at, self.world.client = end, answered
        self.settle()

    def _due(self) -> datetime:
        """When our own next timer or command is due."""
        undone = select(func.min(tables.outbox.c.due_at)).where(
            tables.outbox.c.state == "pending", tables.outbox.c.nudged_at.is_(None)
        )
        with self._db.connect() as connection:
            if connection.scalar(select(func.count()).select_from(tables.held)):
                return datetime.max.replace(tzinfo=UTC)
            found = [connection.scalar(select(func.min(tables.timers.c.due_at))), connection.scalar(undone)]
        return min((f for f in found if f), default=datetime.max.replace(tzinfo=UTC))

    def _db_has_claims(self) -> bool:
        with self._db.connect() as connection:
            return bool(connection.scalar(select(func.count()).where(tables.outbox.c.state != "done")))

    @contextmanager
    def database_away(self) -> Iterator[None]:
        """Connections break, and nobody gets a new one."""
        self._is_away = True
        with self._wire.cut_off() if self._wire else self._file_away():
            yield
        self._is_away = False

    @contextmanager
    def _file_away(self) -> Iterator[None]:
        """Nothing can be opened where the database was."""
        file = self.settings.data_dir / "escalation.sqlite"
        self.system.store.dispose()
        file.rename(file.with_suffix(".away"))
        file.mkdir()
        yield
        self.system.store.dispose()
        file.rmdir()
        file.with_suffix(".away").rename(file)

    # --- what is seen

    def incident(self, number: int = 1) -> Incident:
        with self.system.store.read() as tx:
            return tx.peek([number])[0]

    def status(self, number: int = 1) -> Status:
        return self.incident(number).status

    def story(self, number: int = 1) -> str:
        with self._db.connect() as connection:
            rows = connection.execute(
                select(tables.entries.c.at, tables.entries.c.text)
                .where(tables.entries.c.incident_id == number)
                .order_by(tables.entries.c.seq)
            )
            return "\n".join(f"{at:%H:%M:%S}  {text}" for at, text in rows)

    def story_says(self, *words: str, number: int = 1) -> None:
        story = self.story(number)
        missing = [w for w in words if w.lower() not in story.lower()]
        assert not missing, f"the story does not say {missing}:\n{story}"

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    @staticmethod
    def must(found: T | None) -> T:
        assert found is not None
        return found

    def nothing_else(self) -> None:
        """Asserted at the end of every night: nothing was dialled, texted, posted or mailed that the test did not look at."""
        assert not self.world.unexpected
        for person in self.people.values():
            person.phone.nothing_else()
        self.slack.nothing_else()
        self.mail.nothing_else()


class Posts:
    """What stands in Slack."""

    def __init__(self, night: Night) -> None:
        self._night = night
        self._read = 0

    def reads(self, *words: str) -> SlackMessage:
        unread = [m for m in self._night.world.slack.messages if m.via != "response_url"][self._read :]
        assert unread, f"nothing new in Slack:\n{self._night.story()}"
        self._read += 1
        self.shows(unread[0], *words)
        return unread[0]

    @staticmethod
    def shows(message: SlackMessage, *words: str) -> None:
        shown = f"{message.text} {message.blocks}".lower()
        missing = [w for w in words if w.lower() not in shown]
        assert not missing, f"Slack shows {message.text!r} without {missing}: {message.blocks}"

    def nothing_else(self) -> None:
        posted = [m for m in self._night.world.slack.messages if m.via != "response_url"]
        assert len(posted) == self._read, f"unexpected in Slack: {[m.text for m in posted[self._read :]]}"


class Mails:
    """What lies in the site's last-resort mailbox."""

    def __init__(self, night: Night) -> None:
        self._night = night
        self._read = 0

    def reads(self, *words: str) -> None:
        unread = list(self._night.world.mailbox)[self._read :]
        assert unread, f"no new mail:\n{self._night.story()}"
        text = f"{unread[0].subject} {unread[0].text}"
        missing = [w for w in words if w.lower() not in text.lower()]
        assert not missing, f"the mail says {text!r}, without {missing}"
        self._read += 1

    def nothing_else(self) -> None:
        unread = [m.subject for m in list(self._night.world.mailbox)[self._read :]]
        assert not unread, f"unexpected mail: {unread}\n{self._night.story()}"


def _nobody_there(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("nobody answers", request=request)


def _serve(app: object) -> BaseWSGIServer:
    server = make_server("127.0.0.1", 0, app, threaded=True)  # type: ignore[arg-type]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()  # else its end is waited for half a second
    return server


def _settings(folder: Path, world: World, slack: int, mail: int) -> Settings:
    return replace(
        Settings(),
        data_dir=folder,
        public_url=PUBLIC,
        secret_key="a secret of the night",
        console_password="open sesame",
        plivo_auth_id=world.account.auth_id,
        plivo_auth_tokens=(world.account.auth_token,),
        plivo_from_number="+15550109999",
        plivo_api_url="http://sandbox.test",
        plivo_calls_per_second=100,
        plivo_texts_per_second=100,
        slack_bot_token=world.slack.token,
        slack_signing_secret=world.slack.signing_secret,
        slack_api_url=f"http://127.0.0.1:{slack}/api/",
        slack_webhook_url=f"http://127.0.0.1:{slack}/services/T1/B1/x",  # only used where a test has no token
        smtp_url=f"smtp://127.0.0.1:{mail}",
        mail_from="pager@example.org",
    )
