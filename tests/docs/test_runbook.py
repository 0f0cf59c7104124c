"""Each page of the runbook followed word for word on a real site that has what the page is about: every command prints what the page
says, and at the end the site is well and the page went out. Not tried: how systemd, compose and `up` start a process."""

from __future__ import annotations

import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import update

from escalation.store.tables import heartbeats
from tests.deploy.tools import DEPLOY
from tests.docs.runbook import RUNBOOK, Pasted, Reader, Told, headings, section, steps
from tests.processes import environment, until
from tests.servers import postgresql
from tests.system.programs import Program
from tests.system.site import CONFIGURATION, KEYS, Site

OURS = {"timekeeper": ("timekeeper",), "workers": ("pages", "chores"), "broker": ("broker",),
        "everything": ("broker", "receiver", "pages", "chores", "timekeeper")}  # fmt: skip
ALL = OURS["everything"]
NOBODY, EVERYBODY, BROKER, DATABASE = (
    f"{name}.md" for name in ("nobody-was-called", "everybody-was-called", "broker-gone", "database-gone")
)


def acting(site: Site) -> Callable[[Told], None]:
    """Starts and stops the site's own programs."""

    def act(told: Told) -> None:
        names = [program for name in told.names for program in OURS[name]]
        if told.act == "start":
            site.start(*names)
        for name in names if told.act == "stop" else ():
            site[name].kill()

    return act


def started(site: Site) -> None:
    """All of it, and heard of: before its first sign of life a process would be *never* heard of."""
    site.start(*ALL)
    assert until(lambda: site.system.queries.heartbeats().keys() >= {"worker pages", "worker chores", "timekeeper"})


def silent(site: Site, *processes: str) -> None:
    """More than half a minute has passed since these ended: nobody waits for it here."""
    with site.system.store.transaction() as tx:
        for process in processes:
            then = update(heartbeats).where(heartbeats.c.process.like(f"{process}%"))
            tx.connection.execute(then.values(at=tx.now - timedelta(seconds=74)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as site:
        yield site


@pytest.fixture
def reader(site: Site) -> Reader:
    return Reader(site, acting(site))


@pytest.mark.slow
def test_nobody_was_called_since_nobody_sends(site: Site, reader: Reader) -> None:
    """Timekeeper and workers are dead; and when they are back: the way of an alert, and a person without an address."""
    started(site)
    for name in ("pages", "chores", "timekeeper"):
        site[name].kill()
    number, _ = site.alert("bank", "db-1 is down", "db-1 is down")
    silent(site, "worker", "timekeeper")
    mine = {"INC-42": f"INC-{number}", "the-intake-key-of-the-service": KEYS["bank"]}
    for heading in ("First", "Nobody sends", "It is not sent", "The alert did not arrive"):
        reader.follows(NOBODY, heading, mine)
    site.cleo.rings()
    assert len(site.cleo.calls) == 1


@pytest.mark.slow
def test_nobody_was_called_since_nobody_can_be_reached(site: Site, reader: Reader) -> None:
    """The only person of the step has no phone in the configuration; with one, they are called."""
    whole = site.folder / "escalation.yaml"
    whole.write_text(re.sub(r'(dan: .*)phone: "[^"]+", ', r"\1", CONFIGURATION))
    assert site.command("config", "apply", str(whole)).returncode == 0
    site.start("broker", "pages", "timekeeper", "receiver")
    number, _ = site.alert("mail", "web-1 is down")

    whole.write_text(CONFIGURATION)
    reader.follows(NOBODY, "Nobody in it can be reached", {"INC-42": f"INC-{number}"})
    site.dan.rings()


@pytest.mark.slow
def test_everybody_was_called(site: Site) -> None:
    """Two hosts of one trouble: the phone that rings falls silent and rings no more, not for the third either, that comes while
    nobody sends; a real trouble afterwards is called."""

    def act(told: Told) -> None:
        acting(site)(told)
        if told.act == "stop":
            site.alert("bank", "latency of another host", "latency is high")

    reader = Reader(site, act)
    site.start(*ALL)
    numbers = [site.alert("bank", f"latency of host-{n}", "latency is high")[0] for n in range(2)]
    site.cleo.rings()
    reader.follows(EVERYBODY, "Stop it first")
    site.cleo.is_hung_up_on()
    called = len(site.cleo.calls)
    for heading in ("They keep coming", "Then why", "When it is over"):
        reader.follows(EVERYBODY, heading, {"INC-42": f"INC-{numbers[0]}"})
    assert len(site.cleo.calls) == called
    site.alert("mail", "a real one")
    site.dan.rings()


@pytest.mark.slow
def test_the_broker_is_gone(site: Site, reader: Reader) -> None:
    """A page goes out without it, ten seconds late; when it is back the workers are, by themselves, and nobody is called twice."""
    started(site)
    site["broker"].kill()
    number, _ = site.alert("bank", "db-1 is down")
    silent(site, "worker")
    for heading in ("First", "Bring it back", "It is well when"):
        reader.follows(BROKER, heading, {"INC-42": f"INC-{number}"})
    assert len(site.cleo.calls) == 1


@pytest.fixture
def database(tmp_path: Path, programs_of_both_servers: None) -> Iterator[tuple[Program, str]]:
    """A PostgreSQL of the test's own, running, that stays away when it is stopped; and its URL."""
    with tempfile.TemporaryDirectory(prefix="runbook-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's unprivileged user has to come through
        (home := folder / "postgresql").mkdir(mode=0o711)
        argv, url = postgresql.prepared(home)
        program = Program("database", argv, environment(), tmp_path / "database.log", lambda _: postgresql.answers(url))
        program.run()
        yield program, url
        program.end(signal.SIGINT)


@pytest.mark.slow
def test_the_database_is_gone(database: tuple[Program, str], tmp_path: Path) -> None:
    """PostgreSQL is stopped: what is reported meanwhile is kept, and paged as soon as it is back."""
    program, url = database
    (folder := tmp_path / "site").mkdir()
    with Site(folder, ESCALATION_DATABASE_URL=url) as site:
        reader = Reader(site, lambda _: program.run())
        site.start(*ALL)
        site.system.store.dispose()
        program.end(signal.SIGINT)
        for heading in ("First", "Bring it back", "It is well when"):
            reader.follows(DATABASE, heading)
        site.dan.rings()


@pytest.mark.slow
def test_the_database_is_lost(site: Site, reader: Reader) -> None:
    """The file is damaged beyond use: the backup is restored, the site held, let go on, and calls whom it was about to call."""
    for command in (["trigger", "db-1 is down", "--service", "bank"], ["backup", str(site.folder / "pager.backup")]):
        assert site.command(*command).returncode == 0
    site.system.store.dispose()
    (site.folder / "escalation.sqlite").write_bytes(b"no database" * 1000)
    reader.follows(DATABASE, "It is lost")
    reader.follows(NOBODY, "It is held", {"INC-42": "INC-1"})
    site.cleo.rings()


def test_every_section_is_tried() -> None:
    """A section with something to paste that no test follows would be believed without a reason."""
    source = Path(__file__).read_text(encoding="utf-8")
    sections = [(page.name, heading) for page in RUNBOOK.glob("*.md") for heading in headings(page.name)]
    pasted = [found for found in sections if any(isinstance(step, Pasted) for step in steps(section(*found)))]
    assert len(pasted) > 10
    assert [found for found in pasted if f'"{found[1]}"' not in source] == []


def test_a_page_that_says_otherwise_is_found() -> None:
    """The comparison can fail: another word, a line too few, a line too many; `…` stands for anything, alone for any lines."""
    step = Pasted("x", "ok  heard … s ago\n…\nclean\n")
    assert step.fits("ok  heard 3 s ago\nclean\n")
    assert step.fits("ok  heard 3 s ago\none\ntwo\nclean\n")
    assert not step.fits("ok  heard 3 s\nclean\n")
    assert not step.fits("ok  heard 3 s ago\n")
    assert not step.fits("ok  heard 3 s ago\nclean\nmore\n")


def test_units_and_containers_that_are_named_exist() -> None:
    """In the table of how to start and stop."""
    text = section("README.md", "Start and stop")
    units = re.findall(r"escalation-[a-z-]+(?:@\d)?|escalation\.target", text.replace("escalation-*", ""))
    containers = {name for found in re.findall(r"docker compose start ([a-z0-9 -]+)`", text) for name in found.split()}
    kept = {path.name.removesuffix(".service") for path in (DEPLOY / "systemd").iterdir()}
    assert units
    assert [unit for unit in units if re.sub(r"@\d", "@", unit) not in kept] == []
    assert containers
    assert containers <= set(yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"])
