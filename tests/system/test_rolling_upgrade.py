"""An upgrade of a site that pages meanwhile: the next release, with an expanding migration, put in the place of this one; then `escalation
restart`. Real processes, and no alert is sent twice: whoever is refused has found a fault."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from escalation.build import System, build
from escalation.config.apply import apply
from escalation.domain.incident import Status
from escalation.local.broker import free_port
from escalation.local.supervisor import LEASH
from escalation.sandbox.script import read_phone
from escalation.sandbox.server import Server
from escalation.settings import Settings
from escalation.store import schema
from escalation.store.engines import make_engine
from tests.chaos import people
from tests.chaos.load import Monitors
from tests.processes import ROOT, children_of, environment, until

FROM = "+15550109999"
COUNT, LASTS = 40, 20.0  # alerts, over so many seconds
PROGRAM = ("escalation", "workers", "webhooks", "celeryconfig.py")
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{name}", "{before}", None, None
kind, release = "{kind}", "9.0.0"


def upgrade():
    op.add_column("inbox", sa.Column("written_by", sa.String(length=8), nullable=True))


def downgrade():
    op.drop_column("inbox", "written_by")
"""
NEW_CODE = """

inbox.append_column(Column("written_by", String(8), default="later"))
"""


@dataclass
class Upgraded:
    """A checkout of its own, that becomes the next release."""

    folder: Path
    program: Path
    environ: dict[str, str]
    system: System
    sandbox: Server
    url: str
    up: subprocess.Popen[bytes]

    def becomes_the_next_release(self, kind: str) -> None:
        """A migration of that kind, and code that writes what it added."""
        before = schema.head()
        assert before
        name = f"{int(before) + 1:04}"
        file = self.program / "escalation" / "store" / "migrations" / "versions" / f"{name}_later.py"
        file.write_text(MIGRATION.format(name=name, before=before, kind=kind))
        tables = Path("escalation") / "store" / "tables.py"
        (self.program / tables).write_text((ROOT / tables).read_text() + NEW_CODE)

    def restart(self) -> subprocess.CompletedProcess[str]:
        argv = (sys.executable, "-m", "escalation", "restart")
        return subprocess.run(argv, cwd=self.program, env=self.environ, capture_output=True, text=True, timeout=110, check=False)

    def children(self) -> dict[int, str]:
        """Process ids with their command lines."""
        return children_of(self.up.pid)

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()


@contextmanager
def running(folder: Path) -> Iterator[Upgraded]:
    """`escalation up` with phones for everybody."""
    program = folder / "program"
    for name in PROGRAM:
        source = ROOT / name
        program.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, program / name)
    at = f"127.0.0.1:{free_port()}"
    sandbox = Server(callback_host=at, calls_per_second=1000, texts_per_second=1000, requests_per_5s=10**6)
    sandbox.world.account.numbers = (FROM,)
    with sandbox:
        environ = environment(
            PYTHONPATH=str(program),
            ESCALATION_DATA_DIR=str(folder / "site"),
            ESCALATION_PUBLIC_URL=f"http://{at}",
            ESCALATION_SECRET_KEY="k" * 40,
            PLIVO_AUTH_ID=sandbox.world.account.auth_id,
            PLIVO_AUTH_TOKEN=sandbox.world.account.auth_token,
            PLIVO_FROM_NUMBER=FROM,
            PLIVO_API_URL=sandbox.url,
        )
        argv = (*LEASH, sys.executable, "-m", "escalation", "up", "--bind", at, "--flower-port", "0")
        settings = Settings.from_env(environ)
        schema.migrate(settings.sql_url)
        system = build(settings)
        apply(system.store, people.configuration(COUNT))
        with (folder / "said").open("w") as out:
            up = subprocess.Popen(argv, cwd=program, env=environ, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        site = Upgraded(folder, program, environ, system, sandbox, f"http://{at}", up)
        try:
            assert until(lambda: "All are ready" in site.said, 60), site.said
            yield site
            up.send_signal(signal.SIGTERM)
            assert up.wait(60) == 0, site.said
        finally:
            if up.poll() is None:
                up.kill()  # its children are told by the kernel
                up.wait()
            system.store.dispose()


class Visitors:
    """Look in again and again, each time with a connection of their own, and one with a kept one; what they got is counted."""

    def __init__(self, url: str) -> None:
        self.got: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(url, kept), daemon=True) for kept in (False, False, True)]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _visit(self, url: str, kept: bool) -> None:
        with httpx.Client(trust_env=False, timeout=15) as client:
            while not self._stop.wait(0.02):
                headers = {} if kept else {"Connection": "close"}
                try:
                    answer = str(client.get(f"{url}/healthz", headers=headers).status_code)
                except httpx.HTTPError as error:
                    answer = type(error).__name__
                self.got[answer] += 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_an_upgrade_refuses_nobody_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Forty alerts while every process is replaced and the schema grows: each is taken when it is first sent, everybody who had to be
    called is called once, no callback of the carrier finds a closed door, and old and new have written beside each other. A release whose
    migration contracts is not let in: the old processes could not go on beside it."""
    with running(tmp_path) as site:
        troubles = people.troubles(COUNT, random.Random(7))
        with site.sandbox.world.lock:
            for trouble in troubles:
                for number, habit in ((trouble.primary, trouble.habit), (trouble.backup, people.PRESSES_ONE)):
                    site.sandbox.world.phone(number, "", read_phone(number, habit).habits)
        before, monitors = site.children(), Monitors(site.url)
        site.becomes_the_next_release("contract")
        _is_not_let_in(site, before)
        with Visitors(site.url) as visitors:
            monitors.send(troubles[:4], 1.0)
            site.becomes_the_next_release("expand")
            sending = threading.Thread(target=monitors.send, args=(troubles[4:], LASTS), daemon=True)
            sending.start()
            done = site.restart()
            sending.join(LASTS + 30)
            monitors.wait()
            after = site.children()
        assert (done.returncode, done.stderr) == (0, ""), site.said
        assert sorted(before.values()) == sorted(after.values())
        (left,) = before.keys() & after.keys()
        assert "valkey" in after[left]
        assert (monitors.refused, len(monitors.accepted)) == (0, COUNT)
        assert visitors.got.keys() == {"200"}, visitors.got
        assert visitors.got["200"] > 300
        assert until(lambda: _nobody_is_paged(site), 90)
        _everybody_was_called_once(site, troubles)
        _old_and_new_have_written(site)


def _is_not_let_in(site: Upgraded, before: dict[int, str]) -> None:
    """Nothing is migrated, nothing restarted, and what to do is said."""
    done = site.restart()
    assert done.returncode == 1
    assert "stop all, escalation migrate, start all" in done.stderr
    assert site.children() == before
    assert schema.current(Settings.from_env(site.environ).sql_url) == schema.head()


def _nobody_is_paged(site: Upgraded) -> bool:
    rows = site.system.queries.incidents(open_only=False, limit=1000)
    return len(rows) == COUNT and all(row.status is Status.ACKNOWLEDGED for row in rows)


def _everybody_was_called_once(site: Upgraded, troubles: list[people.Trouble]) -> None:
    with site.sandbox.world.lock:
        called = Counter(f"+{call.to}" for call in site.sandbox.world.calls)
        refused = [record.data["name"] for record in site.sandbox.world.log.of("callback.refused")]
        unanswered = {
            r.data["name"]: r.data["status"] for r in site.sandbox.world.log.of("callback.sent") if not _is_well(r.data)
        }
    assert called == Counter({t.primary: 1 for t in troubles} | {t.backup: 1 for t in troubles if not t.answers})
    assert refused == []
    assert unanswered == {}


def _is_well(data: Mapping[str, object]) -> bool:
    return data["failure"] == "" and 200 <= int(str(data["status"])) < 300


def _old_and_new_have_written(site: Upgraded) -> None:
    """The column is only known to the new code."""
    engine = make_engine(Settings.from_env(site.environ).sql_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT coalesce(written_by, 'before'), count(*) FROM inbox GROUP BY 1"))
        by = {str(who): int(count) for who, count in rows}
    engine.dispose()
    assert by["before"] >= COUNT / 10
    assert by["later"] >= COUNT / 10
