"""A night in which everything of ours may die at any boundary: engine, dispatch, timekeeper and receiver around the sandbox, one thread,
time moved by hand. After a death nothing in memory is kept, what was nudged is lost, callbacks find nobody for a while; then a new
system is built on the same database, and the night goes on. People act by habit and monitors insist until they are answered, so
that no script has to know when something happens. Not `scenarios/night.py`: there tests act, and nothing dies."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server

from escalation.announcing import Announcing
from escalation.audit import Audit
from escalation.briefing import Briefs
from escalation.build import System, by_channel, plivo_client, rates
from escalation.dispatch import Dispatch
from escalation.domain.incident import Incident
from escalation.domain.maintenance import Planned, Scope
from escalation.domain.policy import Policy
from escalation.engine import Engine
from escalation.ports import Job
from escalation.readiness import Readiness
from escalation.responses import Responses
from escalation.retention import Retention
from escalation.review import Review
from escalation.sandbox import Habit, Reply, VirtualClock, World
from escalation.sandbox import create_app as create_sandbox
from escalation.sandbox.smtp import SmtpSink
from escalation.settings import Settings
from escalation.store.queries import Queries
from escalation.store.schema import migrate
from escalation.store.sql import SqlStore, SqlTransaction
from escalation.verifying import Verifying
from tests.builders import KEY, NIGHT, PHONES, site
from tests.crashes.boundaries import Death, Fate, MortalNudge, MortalStore, MortalTransport, all_mortal
from tests.fakes import FakeClock
from webhooks.app import create_app
from workers.duties import at_once
from workers.timekeeper import UNCLAIMED, Timekeeper

PUBLIC = "https://pager.example.org"
NEVER = datetime(3000, 1, 1, tzinfo=UTC)
MOMENT = timedelta(milliseconds=10)
SECOND = timedelta(seconds=1)
# When something of ours is due next: at once for what the timekeeper looks at in each turn; within a second what is nudged and nobody
# claimed for ten seconds, and what was claimed by somebody whose lease ran out.
DUE_AT_ONCE = """
    SELECT min(at) AS at FROM (
        SELECT min(due_at) AS at FROM timers
        UNION ALL SELECT min(due_at) FROM outbox WHERE state = 'pending' AND nudged_at IS NULL)"""
DUE = f"""
    SELECT min(at) FROM (
        {DUE_AT_ONCE}
        UNION ALL SELECT min(strftime('%Y-%m-%dT%H:%M:%f', due_at, '+{UNCLAIMED.seconds} seconds')) FROM outbox WHERE state = 'pending'
        UNION ALL SELECT min(lease_until) FROM outbox WHERE state = 'claimed')"""


@dataclass(frozen=True)
class Script:
    """What the night is about: who is called, how people meet it, what monitors say and when (seconds, dedup key, action)."""

    policy: Policy
    habits: dict[str, list[Habit]]
    alerts: Sequence[tuple[float, str, str]] = ((0.0, "db-1", "trigger"),)
    replies: dict[str, Reply] = field(default_factory=dict)
    minutes: float = 12
    severities: dict[str, str] = field(default_factory=dict)
    maintenance: float = 0  # minutes, from the beginning


@dataclass
class Broker:
    """What was nudged lies here until a worker carries it out."""

    jobs: list[Job] = field(default_factory=list)

    def wake(self, jobs: Sequence[Job]) -> None:
        self.jobs += jobs


class Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Thousands of nights would bury what a test has to say."""


class Post:
    """Slack and mail, whose libraries insist on a socket: one server each, for night after night of this process."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.app: Callable[..., object] | None = None
        asked = lambda environ, start: self.app(environ, start)  # type: ignore[misc]
        self._slack = make_server("127.0.0.1", 0, asked, threaded=True, request_handler=Silent)
        self._mail = SmtpSink(World(), "127.0.0.1", 0)
        threading.Thread(target=self._slack.serve_forever, args=(0.05,), daemon=True).start()
        self._mail.start()
        self.slack_port, self.mail_port = self._slack.port, self._mail.port

    def serve(self, world: World, app: Callable[..., object]) -> None:
        self.app, self._mail.world = app, world

    def close(self) -> None:
        self._slack.shutdown()
        self._slack.server_close()
        self._mail.stop()


class Door(httpx.BaseTransport):
    """The way to our receiver. Nobody is there while we are dead, and whoever was being answered when we died hears nothing."""

    def __init__(self, night: CrashNight) -> None:
        self._night = night
        self.heard: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._night.system is None or self._night.app is None:
            raise httpx.ConnectError("nobody is there")
        try:
            answer = self._night.app.handle_request(request)
        except Death:
            self._night.die()
            raise httpx.ConnectError("it broke") from None
        if answer.status_code < 500:
            self.heard.append(request)
        return answer


@cache
def _prepared() -> Path:
    """An empty database of today's schema, to be copied for each night. In memory where the machine has such a folder."""
    memory = Path("/dev/shm")
    folder = Path(mkdtemp(prefix="crashes-", dir=memory if memory.is_dir() else None))
    migrate(f"sqlite:///{folder / 'empty.sqlite'}")
    return folder


def clear() -> None:
    """Removes what was prepared."""
    shutil.rmtree(_prepared(), ignore_errors=True)
    _prepared.cache_clear()


class CrashNight:
    """`play` to the end; `down` is how long we stay dead each time."""

    def __init__(self, script: Script, post: Post, fate: Fate | None = None, down: timedelta = timedelta(seconds=5)) -> None:
        self.script, self.fate, self.down = script, fate or Fate(), down
        self.clock, self.broker = FakeClock(), Broker()
        self.world = World(clock=VirtualClock(NIGHT.timestamp()), calls_per_second=100, texts_per_second=100)
        self.world.message_url = f"{PUBLIC}/plivo/texts/inbound"
        self.world.slack.actions_url = f"{PUBLIC}/slack/actions"
        sandbox = create_sandbox(self.world)
        post.serve(self.world, sandbox)
        self._carrier = httpx.WSGITransport(app=sandbox)
        self._file = Path(mkdtemp(dir=_prepared())) / "night.sqlite"
        shutil.copy(_prepared() / "empty.sqlite", self._file)
        self.settings = _settings(self._file, self.world, post)
        self.system: System | None = None
        self.app: httpx.WSGITransport | None = None
        self.workers_live, self.workers_first = True, False
        self.on_rise: Callable[[], None] = lambda: None
        self.accepted: set[str] = set()  # troubles (by dedup key) that a monitor was told we have
        self.door = Door(self)
        self.world.client = httpx.Client(transport=self.door)
        self._db = sqlite3.connect(self._file)
        self._meet()
        self._prepare()
        self.rise()

    def close(self) -> None:
        self.die()
        self._db.close()
        shutil.rmtree(self._file.parent)

    @contextmanager
    def away(self) -> Iterator[SqlTransaction]:
        """A transaction of somebody's who does not live and die with us: a command line on another machine."""
        store = SqlStore(self.settings.sql_url, self.clock)
        with store.transaction() as tx:
            yield tx
        store.dispose()

    # --- living and dying

    def rise(self) -> None:
        """As a restarted process would: from the settings and the database, and from nothing else."""
        store = SqlStore(self.settings.sql_url, self.clock)
        mortal = MortalStore(store, self.fate)
        engine = Engine(mortal, nudge := MortalNudge(self.broker, self.fate))
        transport = MortalTransport(self._carrier, self.fate)
        plivo = plivo_client(self.settings, transport)
        carriers = all_mortal(by_channel(self.settings, self.clock, plivo, transport), store, self.fate)
        briefs = Briefs(self.settings.public_url, self.settings.secret_key)
        dispatch = Dispatch(engine, mortal, carriers, briefs, holder="here", rates=rates(self.settings))
        responses = Responses(engine, mortal, self.settings.secret_key)
        audit, retention = Audit(engine, mortal), Retention(mortal, self.settings.keep_days)  # type: ignore[arg-type]
        review = Review(engine, mortal)  # type: ignore[arg-type]
        announcing, readiness = Announcing(mortal, carriers), Readiness(engine, mortal)  # type: ignore[arg-type]
        verifying = Verifying(mortal, carriers, self.settings.secret_key, self.settings.public_url)  # type: ignore[arg-type]
        self.system = System(
            self.settings, mortal, engine, dispatch, briefs, Queries(store), responses, audit, retention, announcing, review,
            readiness, verifying, plivo, None, caller=30
        )  # type: ignore[arg-type]  # fmt: skip
        self.timekeeper = Timekeeper(self.system, nudge, at_once)
        self.app = httpx.WSGITransport(app=create_app(self.system))

    def die(self) -> None:
        if self.system:
            self.system.store.dispose()
        self.system = self.app = None
        if not (self.fate.deaths and self.fate.deaths[-1].endswith("after nudge")):
            self.broker.jobs.clear()  # what was published, too, unless that is what we died of: then the broker lives on

    # --- time

    def play(self) -> CrashNight:
        return self.play_on(self.script.minutes)

    def play_on(self, minutes: float) -> CrashNight:
        end = self.clock.now() + timedelta(minutes=minutes)
        while self.clock.now() < end or self.system is None:
            if self.system is None:
                self._move(self.clock.now() + self.down)
                self.rise()
                self.on_rise()
            self.settle()
            if self.system:
                self._move(max(min(end, self.next()), self.clock.now()))
        self.settle()
        return self

    def settle(self) -> None:
        """Everything that is due at this very moment."""
        for _ in range(200):
            if self.system is None:
                return
            self.world.advance()
            if self._turn() and not self._world_is_due() and self._at(DUE_AT_ONCE) > self.clock.now():
                return
        raise AssertionError(f"the night does not come to rest: {self.fate.passed[-12:]}\n{self.story()}")

    def _turn(self) -> bool:
        """The timekeeper's look and the workers' jobs; False when there was something to do."""
        if self.system is None:
            return False
        try:
            if self.workers_first:
                self._work(self.system)
            self.timekeeper.turn(self.clock.now())
            return not self._work(self.system)
        except Death:
            self.die()
            return False

    def _work(self, system: System) -> bool:
        jobs, self.broker.jobs = self.broker.jobs, []
        for job in jobs if self.workers_live else []:
            system.dispatch.carry_out(job.id)
        return bool(jobs)

    def next(self) -> datetime:
        due = self.world.next_due()
        world = datetime.fromtimestamp(due, UTC) if due is not None else NEVER
        ours = self._at(DUE)
        if ours <= self.clock.now():  # a duty that is looked at once a second
            ours = self.clock.now() + SECOND
        if self._one("SELECT count(*) FROM carriers"):
            ours = min(ours, self.clock.now() + 5 * SECOND)
        return max(min(world, ours), self.clock.now() + MOMENT)

    def _move(self, when: datetime) -> None:
        self.clock.at = when
        self.world.advance_to(max(when.timestamp(), self.world.now()))

    def _world_is_due(self) -> bool:
        due = self.world.next_due()
        return due is not None and due <= self.world.now()

    def _at(self, sql: str) -> datetime:
        found = self._one(sql)
        return datetime.fromisoformat(str(found)).replace(tzinfo=UTC) if found else NEVER

    def repeat_everything(self) -> None:
        """Each request that was answered at our door, once more: the newest first, so that they are out of order."""
        for request in reversed(list(self.door.heard)):
            self.door.handle_request(httpx.Request(request.method, request.url, headers=request.headers, content=request.content))

    # --- what is seen

    def _one(self, sql: str) -> object:
        return self._db.execute(sql).fetchone()[0]

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self._db.execute(sql).fetchall()

    def incidents(self) -> list[Incident]:
        assert self.system is not None
        with self.system.store.read() as tx:
            return tx.peek([int(str(number)) for (number,) in self.rows("SELECT id FROM incidents")])

    def story(self) -> str:
        rows = self.rows("SELECT substr(at, 12, 8), incident_id, text FROM entries ORDER BY seq")
        return "\n".join([*(f"{at}  INC-{number}  {text}" for at, number, text in rows), f"deaths: {self.fate.deaths}"])

    def story_of(self, number: int) -> str:
        return "\n".join(
            str(text) for (text,) in self.rows(f"SELECT text FROM entries WHERE incident_id = {number} ORDER BY seq")
        )

    # --- people and monitors

    def everything_is_over(self) -> None:
        """Every monitor says so."""
        for key in {key for _, key, _ in self.script.alerts}:
            self._report(f"over {key}", key, "resolve")

    def _meet(self) -> None:
        for handle, number in PHONES.items():
            phone = self.world.phone(number, handle.capitalize(), self.script.habits.get(handle))
            phone.answers_texts = self.script.replies.get(handle)

    def _prepare(self) -> None:
        with self.away() as tx:
            tx.apply(applied := site(policy=self.script.policy), "")
            self.roster = applied.roster
            if self.script.maintenance:
                end = NIGHT + timedelta(minutes=self.script.maintenance)
                tx.plan_maintenance(Planned(Scope(("payments",)), NIGHT, end, "new disks"), "ann")
        for number, (at, key, action) in enumerate(self.script.alerts):
            self.world.after(at, lambda n=number, k=key, a=action: self._report(f"{n}", k, a))  # type: ignore[misc]

    def _report(self, delivery: str, key: str, action: str) -> None:
        """A monitor that insists: again every five seconds until it is told that it was heard."""
        severity = self.script.severities.get(key, "error")
        body = {"routing_key": KEY, "event_action": action, "dedup_key": key,
                "payload": {"summary": f"{key} is down", "source": "prometheus", "severity": severity}}  # fmt: skip
        assert self.world.client is not None
        try:
            answer = self.world.client.post(f"{PUBLIC}/v2/enqueue", json=body, headers={"Idempotency-Key": delivery})
            heard = answer.status_code == 202
        except httpx.HTTPError:
            heard = False
        if heard and action == "trigger":
            self.accepted.add(key)
        if not heard:
            self.world.after(5, lambda: self._report(delivery, key, action))


def _settings(file: Path, world: World, post: Post) -> Settings:
    return replace(
        Settings(),
        data_dir=file.parent,
        database_url=f"sqlite:///{file}",
        public_url=PUBLIC,
        secret_key="a secret of the night",
        plivo_auth_id=world.account.auth_id,
        plivo_auth_tokens=(world.account.auth_token,),
        plivo_from_number="+15550109999",
        plivo_api_url="http://sandbox.test",
        plivo_calls_per_second=100,
        plivo_texts_per_second=100,
        slack_bot_token=world.slack.token,
        slack_signing_secret=world.slack.signing_secret,
        slack_api_url=f"http://127.0.0.1:{post.slack_port}/api/",
        smtp_url=f"smtp://127.0.0.1:{post.mail_port}",
        mail_from="pager@example.org",
    )
