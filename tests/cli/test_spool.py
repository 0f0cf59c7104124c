"""Commands while the database, or the receiver elsewhere, is away: what is kept, what is refused all the same, what is shipped later."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from escalation.local.spool import FOLDER, Spool
from escalation.settings import Settings
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from tests.carriers.stubs import closed_port
from tests.cli.conftest import DEMO, Machine
from tests.intake.bodies import KEY
from tests.webhooks.receiver import receiver


@pytest.fixture
def away(machine: Machine) -> dict[str, str]:
    """Settings with which the database cannot be reached: a folder lies where the file should be."""
    return {"ESCALATION_DATABASE_URL": f"sqlite:///{machine.folder}"}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    (file := tmp_path / "key").write_text(KEY)
    return file


def waiting(machine: Machine) -> list[dict[str, object]]:
    return machine.json("spool", "list")["waiting"]


def test_a_trigger_is_kept_while_the_database_is_away(machine: Machine, away: dict[str, str]) -> None:
    """Exit code 0, for it will be told; and a line that says that it was not yet."""
    assert machine("trigger", "db-1 is down", "--dedup-key", "db-1", "-o", "json", **away) == 0
    assert json.loads(machine.out) == {"what": "spooled", "incident": None, "dedup_key": "db-1"}
    (line,) = machine.err.splitlines()
    assert line.startswith(f"escalation: kept in {machine.folder / FOLDER}, shipped later: the database is away")
    (kept,) = waiting(machine)
    assert (kept["action"], kept["dedup_key"], kept["summary"]) == ("trigger", "db-1", "db-1 is down")
    assert machine.json("list") == []


SLOW = ("sqlalchemy", "celery", "kombu", "httpx", "pydantic", "flask")


def test_what_is_kept_waits_for_nothing_that_takes_long_to_load(tmp_path: Path) -> None:
    """A monitoring script fires it and goes on: with nobody there to take it, the second one too, behind the first."""
    environ = {
        "ESCALATION_DATA_DIR": str(tmp_path),
        "ESCALATION_DATABASE_URL": f"postgresql://ann@127.0.0.1:{closed_port()}/site",
    }
    program = f"""
import os, sys
from escalation.cli.root import run
code = run(["trigger", "db-1 is down"], os.environ)
print(code, [name for name in {SLOW!r} if name in sys.modules])
"""
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, **environ}, capture_output=True, text=True, check=True
        )
        assert ran.stdout.splitlines()[-1] == "0 []"
    assert len(Spool(tmp_path).waiting()) == 2


def test_the_next_command_ships_what_waits_first(machine: Machine, away: dict[str, str]) -> None:
    """Its resolve would else come before the trigger, and the trouble stay open."""
    machine("trigger", "db-1 is down", "--dedup-key", "db-1", **away)
    raised = waiting(machine)[0]["raised_at"]
    assert machine("resolve", "--dedup-key", "db-1", "--by", "ann") == 0, machine.err
    assert machine.err.startswith("escalation: INC-1: opened, raised ")
    shown = machine.json("show", "INC-1")
    assert (shown["status"], waiting(machine)) == ("resolved", [])
    store = SqlStore(Settings(data_dir=machine.folder).sql_url)
    assert Queries(store).incident(1).incident.occurred_at == datetime.fromisoformat(str(raised))
    store.dispose()


def test_what_comes_later_waits_behind_it(machine: Machine, away: dict[str, str]) -> None:
    """As long as the first cannot go, the second must not."""
    for command in (["trigger", "x", "--dedup-key", "db-1"], ["ack", "--dedup-key", "db-1"], ["resolve", "INC-7"]):
        assert machine(*command, **away) == 0, machine.err
    assert [kept["action"] for kept in waiting(machine)] == ["trigger", "acknowledge", "resolve"]
    assert machine("trigger", "y", "--dedup-key", "db-2") == 0
    assert [i["status"] for i in machine.json("list")] == ["triggered", "acknowledged"]
    assert "INC-7" in machine.json("spool", "list")["set_aside"][0]["why"]


def test_ship_hands_over_what_waits_and_says_what_became_of_it(machine: Machine, away: dict[str, str]) -> None:
    """One line each."""
    for key in ("db-1", "db-2"):
        machine("trigger", "x", "--dedup-key", key, **away)
    assert machine("spool", "ship", **away) == 3
    assert machine.err.startswith("escalation: 2 wait: the database is away")
    assert machine("spool", "ship") == 0, machine.err
    assert [line.partition(",")[0] for line in machine.out.splitlines()] == ["INC-1: opened", "INC-2: opened"]
    assert machine("spool", "list") == 0
    assert machine.out == "Nothing waits.\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["trigger", ""], 2),
        (["trigger", "x", "--detail", "nonsense"], 2),
        (["trigger", "x", "--severity", "dreadful"], 2),
        (["trigger", "x", "--url", "https://paging.example.org"], 2),
        (["trigger", "x", "--key-file", "/nowhere"], 2),
        (["ack"], 2),
        (["resolve", "the one from yesterday"], 2),
        (["snooze", "INC-1", "30m"], 3),
        (["escalate", "INC-1"], 3),
        (["show", "INC-1"], 3),
        (["list"], 3),
        (["trigger", "x", "--no-spool"], 3),
        (["ack", "INC-1", "--no-spool"], 3),
    ],
)
def test_everything_else_fails_as_ever(machine: Machine, away: dict[str, str], arguments: list[str], code: int) -> None:
    """Bad input is refused at once; what is no report, or must not wait, is not kept."""
    assert machine(*arguments, **away) == code
    assert len(machine.err.splitlines()) == 1
    assert not (machine.folder / FOLDER).exists()


def test_a_database_that_was_never_prepared_is_not_waited_for(bare: Machine) -> None:
    """Nothing will change that by itself."""
    assert bare("trigger", "x") == 3
    assert not (bare.folder / FOLDER).exists()


def test_a_spool_that_cannot_be_written_is_no_success(machine: Machine, away: dict[str, str]) -> None:
    """Both reasons on one line."""
    (machine.folder / FOLDER).write_text("in the way")
    assert machine("trigger", "x", **away) == 3
    assert "the database is away" in machine.err
    assert f"{FOLDER} cannot keep it" in machine.err


def test_a_spool_that_cannot_be_read_holds_up_nobody(machine: Machine) -> None:
    """The database is there: the alert goes."""
    (machine.folder / FOLDER).write_text("in the way")
    assert machine("trigger", "x") == 0
    assert machine.out.startswith("INC-1 opened")
    assert "cannot be read" in machine.err


def test_a_locked_database_is_not_waited_for_longer_than_a_script_waits(machine: Machine) -> None:
    """The lock goes only when the command has ended."""
    with closing(sqlite3.connect(machine.folder / "escalation.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        assert machine("trigger", "x", "--dedup-key", "db-1") == 0
        assert machine.out == "spooled, dedup key db-1\n"


def test_what_is_refused_when_it_is_shipped_is_said_and_goes_when_it_is_mended(bare: Machine) -> None:
    """Which services there are nobody knows while the database is away."""
    bare("migrate")
    bare("trigger", "x", "--dedup-key", "db-1", ESCALATION_DATABASE_URL=f"sqlite:///{bare.folder}")
    assert bare("spool", "ship") == 1
    assert bare.err == "escalation: 1 set aside: escalation spool list\n"
    bare("spool", "list")
    assert bare.out.startswith("set aside  ")
    assert "no configuration was applied yet" in bare.out
    bare("config", "apply", str(DEMO))
    assert bare("spool", "ship", "--set-aside") == 0, bare.err
    assert bare.out.startswith("INC-1: opened")


def test_a_receiver_elsewhere_that_is_away_gets_it_later_and_once(machine: Machine, key_file: Path) -> None:
    """In the name of the key; a second delivery, after a crash, changes nothing there."""
    port = closed_port()
    there = ("--url", f"http://127.0.0.1:{port}", "--key-file", str(key_file))
    assert machine("trigger", "db-1 is down", *there) == 0, machine.err
    assert "the receiver cannot be reached" in machine.err
    assert machine("trigger", "here") == 0
    assert machine.out.startswith("INC-1 opened")
    (kept,) = Spool(machine.folder).waiting()
    content = kept.file.read_bytes()
    assert KEY not in kept.file.name
    desk = receiver(machine.folder / "there")
    server = make_server("127.0.0.1", port, desk.app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        assert machine("spool", "ship") == 0, machine.err
        kept.file.write_bytes(content)
        assert machine("spool", "ship") == 0, machine.err
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
    (row,) = desk.system.queries.incidents()
    assert (row.summary, row.repeats) == ("db-1 is down", 0)


def test_what_waits_is_listed_for_people_without_keys_and_passwords(machine: Machine, key_file: Path) -> None:
    """The list ends up in tickets."""
    url = f"http://ops:hunter2@127.0.0.1:{closed_port()}"
    machine("trigger", "db-1 is down", "--dedup-key", "db-1", "--url", url, "--key-file", str(key_file))
    machine("spool", "list")
    assert machine.out.startswith("waits      ")
    assert machine.out.endswith("trigger  db-1 is down (dedup key db-1)  for 127.0.0.1\n")
    shown = machine.out
    machine("spool", "list", "-o", "json")
    assert not [secret for secret in ("hunter2", KEY) if secret in shown + machine.out]
