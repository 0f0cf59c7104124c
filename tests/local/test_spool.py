"""The spool: what is kept survives, in order, and is handed over once, whoever dies or freezes in between."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from escalation.domain.alert import Action
from escalation.errors import NotFound, SchemaMismatch, StoreUnavailable
from escalation.local.report import Came, Courier, Report
from escalation.local.spool import FOLDER, Spool, SpoolUnusable
from tests.builders import KEY, NIGHT
from tests.webhooks.receiver import Receiver, receiver

URL = "https://paging.example.org"


def report(name: str, **values: object) -> Report:
    """Of the trouble of that name."""
    identity = hashlib.sha256(name.encode()).hexdigest()[:32]
    kind = values.setdefault("action", Action.TRIGGER)
    body = {"summary": f"{name} is down"} if kind is Action.TRIGGER else {}
    return replace(Report(identity, NIGHT, Action.TRIGGER, name, body=body, service="payments", by="ann"), **values)


WITHOUT_A_NUMBER = json.dumps(
    {"identity": "x", "raised_at": NIGHT.isoformat(), "action": "resolve", "incident": "seven", "dedup_key": "db-1"}
).encode()


class Taker:
    """Takes reports, unless told otherwise."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.fault: Callable[[Report], Exception | None] = lambda _: None

    def __call__(self, report: Report) -> Came:
        if fault := self.fault(report):
            raise fault
        self.taken.append(report.dedup_key)
        return Came("opened", "INC-1", report.dedup_key)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "data")


@pytest.fixture
def taker() -> Taker:
    return Taker()


@pytest.fixture
def said() -> list[str]:
    return []


def keep(spool: Spool, *names: str, **values: object) -> None:
    for name in names:
        spool.append(report(name, **values))


def names(spool: Spool) -> list[str]:
    return [kept.report.dedup_key if kept.report else "?" for kept in spool.waiting()]


def test_what_is_kept_comes_back_as_it_was(spool: Spool) -> None:
    """Key, time and details, whatever characters are in them."""
    kept = report(
        "db-1", body={"summary": 'ünïx "x"\n', "details": {"a": "b"}, "links": ["https://x"]}, url=URL, key=KEY, incident=7
    )
    spool.append(kept)
    assert [one.report for one in spool.waiting()] == [kept]


def test_it_is_closed_to_everybody_else(spool: Spool) -> None:
    """There is an intake key in it, and what the trouble is."""
    keep(spool, "db-1")
    (file,) = (one.file for one in spool.waiting())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (spool.folder, file)] == [0o700, 0o600]


def test_it_is_on_the_disk_before_anybody_is_told(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file before it has its name, then the folder that holds the name, and the folders above it, which are new."""
    synced: list[tuple[Path, list[str]]] = []
    fsync = os.fsync

    def seen(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        synced.append((path, [file.suffix for file in path.iterdir()] if path.is_dir() else []))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", seen)
    keep(spool, "db-1")
    data = spool.folder.parent
    assert [path for path, _ in synced] == [data.parent, data, synced[2][0], spool.folder]
    assert synced[2][0].suffix == ".draft"
    assert synced[3][1] == [".json"]


def test_looking_makes_nothing(spool: Spool, taker: Taker, said: list[str]) -> None:
    """A command that found the database well leaves no folder behind."""
    assert (spool.is_empty(), spool.waits(""), spool.waiting(), spool.set_aside()) == (True, False, [], [])
    assert spool.ship(taker, said.append) == []
    assert not spool.folder.parent.exists()


def test_it_is_handed_over_in_order_and_then_gone(spool: Spool, taker: Taker, said: list[str]) -> None:
    """Ten and more: by number, not by letter."""
    everything = [f"db-{n}" for n in range(12)]
    keep(spool, *everything)
    assert spool.ship(taker, said.append) == []
    assert taker.taken == everything
    assert spool.is_empty()
    assert said[0] == "INC-1: opened, raised 2026-11-23 03:00:00 UTC"


def test_what_comes_while_it_ships_is_shipped_too(spool: Spool, said: list[str]) -> None:
    """Behind the others."""
    keep(spool, "db-1", "db-2")
    taker = Taker()
    taker.fault = lambda one: keep(spool, "db-3") if one.dedup_key == "db-1" else None  # type: ignore[func-returns-value]
    spool.ship(taker, said.append)
    assert taker.taken == ["db-1", "db-2", "db-3"]


def test_while_the_place_is_away_all_of_it_stays_in_order(spool: Spool, taker: Taker, said: list[str]) -> None:
    """Nothing overtakes: a resolve that came before its trigger would leave a trouble open that is over."""
    keep(spool, "db-1", "db-2")
    taker.fault = lambda one: StoreUnavailable("away") if one.dedup_key == "db-1" else None
    assert spool.ship(taker, said.append) == ["away"]
    assert (names(spool), taker.taken) == (["db-1", "db-2"], [])


def test_one_place_that_is_away_does_not_hold_up_another(spool: Spool, taker: Taker, said: list[str]) -> None:
    """The receiver elsewhere is down, the database here is not."""
    keep(spool, "far-1", url=URL)
    keep(spool, "near-1")
    taker.fault = lambda one: StoreUnavailable("away") if one.url else None
    assert spool.ship(taker, said.append) == ["away"]
    assert (names(spool), taker.taken) == (["far-1"], ["near-1"])
    assert (spool.waits(URL), spool.waits("")) == (True, False)


def test_only_one_place_s_are_shipped_where_one_is_asked_for(spool: Spool, taker: Taker, said: list[str]) -> None:
    """A command that reports here does not wait for a receiver elsewhere."""
    keep(spool, "far-1", url=URL)
    keep(spool, "near-1")
    spool.ship(taker, said.append, url="")
    assert taker.taken == ["near-1"]


def test_whoever_has_no_time_leaves_the_rest(spool: Spool, taker: Taker, said: list[str]) -> None:
    """A command that somebody waits for does not work off a whole night."""
    keep(spool, "db-1")
    spool.ship(taker, said.append, until=monotonic() - 1)
    assert (names(spool), taker.taken) == (["db-1"], [])


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\x00", b'{"identity": "x", "action": "frobnicate"}', WITHOUT_A_NUMBER]
)
def test_a_file_that_cannot_be_read_is_set_aside_and_stops_no_other(
    spool: Spool, taker: Taker, said: list[str], content: bytes
) -> None:
    """With a line that names it; nothing of what is in it is said."""
    keep(spool, "db-1", "db-2", "db-3")
    spool.waiting()[1].file.write_bytes(content)
    assert names(spool) == ["db-1", "?", "db-3"]
    spool.ship(taker, said.append)
    assert taker.taken == ["db-1", "db-3"]
    (aside,) = spool.set_aside()
    assert (aside.report, aside.why) == (None, "no report is in it")
    assert any(aside.file.name in line for line in said)


@pytest.mark.parametrize(
    ("fault", "why"),
    [(NotFound("no service of that name"), "no service of that name"), (KeyError("+15550100100"), "a fault of ours (KeyError)")],
)
def test_what_is_refused_is_set_aside_and_may_be_tried_again(
    spool: Spool, taker: Taker, said: list[str], fault: Exception, why: str
) -> None:
    """Nobody was paged for it: it is never thrown away, and goes when the cause is mended."""
    keep(spool, "db-1", "db-2")
    taker.fault = lambda one: fault if one.dedup_key == "db-1" else None
    spool.ship(taker, said.append)
    assert (taker.taken, names(spool)) == (["db-2"], [])
    (aside,) = spool.set_aside()
    assert (aside.report, aside.why) == (report("db-1"), why)
    taker.fault = lambda _: None
    spool.take_back()
    spool.ship(taker, said.append)
    assert (taker.taken, spool.set_aside(), list((spool.folder / "aside").iterdir())) == (["db-2", "db-1"], [], [])


def test_a_database_of_another_release_sets_nothing_aside(spool: Spool, taker: Taker, said: list[str]) -> None:
    """Nothing is wrong with what waits."""
    keep(spool, "db-1")
    taker.fault = lambda _: SchemaMismatch("escalation migrate")
    with pytest.raises(SchemaMismatch):
        spool.ship(taker, said.append)
    assert names(spool) == ["db-1"]


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Which one, and why: then the command fails, and says nothing of having kept it."""
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(SpoolUnusable, match=FOLDER):
        Spool(tmp_path).append(report("db-1"))


# --- handed over to a real engine


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    return receiver(tmp_path / "site")


def shipped(desk: Receiver, spool: Spool) -> list[str]:
    lines: list[str] = []
    assert spool.ship(Courier(lambda: desk.system).deliver, lines.append) == []
    return lines


def test_dying_between_the_delivery_and_the_removal_changes_nothing(spool: Spool, desk: Receiver) -> None:
    """The file is still there, and is handed over again: no second incident, no repeat counted, no second resolve."""
    reports = [report("db-1"), report("db-1", action=Action.ACKNOWLEDGE, identity="a" * 32)]
    for one in reports:
        spool.append(one)
    files = {kept.file: kept.file.read_bytes() for kept in spool.waiting()}
    shipped(desk, spool)
    story = desk.story(1)
    for file, content in files.items():
        file.write_bytes(content)
    shipped(desk, spool)
    (row,) = desk.system.queries.incidents()
    assert (row.repeats, row.status, desk.story(1)) == (0, "acknowledged", story)


def test_one_that_was_stored_although_its_answer_was_lost_is_not_stored_again(spool: Spool, desk: Receiver) -> None:
    """The command could not know, and kept it."""
    Courier(lambda: desk.system).deliver(report("db-1"))
    keep(spool, "db-1")
    shipped(desk, spool)
    (row,) = desk.system.queries.incidents()
    assert row.repeats == 0


def test_a_trouble_began_when_it_was_raised(spool: Spool, desk: Receiver) -> None:
    """Not when it arrived; and the incident says that it had to wait."""
    keep(spool, "db-1", raised_at=NIGHT - timedelta(hours=2))
    shipped(desk, spool)
    view = desk.system.queries.incident(1)
    assert view.incident.occurred_at == NIGHT - timedelta(hours=2)
    assert "raised 2026-11-23 01:00:00 UTC on " in str(view.incident.details["spooled"])


def test_a_resolve_that_waited_closes_nothing_that_began_after_it(spool: Spool, desk: Receiver) -> None:
    """The same trouble came again meanwhile, by another way."""
    desk.trouble(key="db-1", occurred_at=NIGHT)
    keep(spool, "db-1", action=Action.RESOLVE, raised_at=NIGHT - timedelta(minutes=1))
    assert shipped(desk, spool) == ["no incident: ignored, raised 2026-11-23 02:59:00 UTC"]
    assert desk.status(1) == "triggered"


def test_an_acknowledgement_of_nothing_stays_one_of_nothing(spool: Spool, desk: Receiver) -> None:
    """A shipper that was frozen with it in its hands thaws after the next trouble of that name was opened: nobody has that one."""
    early = report("db-1", action=Action.ACKNOWLEDGE, identity="a" * 32)
    courier = Courier(lambda: desk.system)
    assert courier.deliver(early).what == "ignored"
    keep(spool, "db-1")
    shipped(desk, spool)
    assert courier.deliver(early).what == "ignored"
    assert desk.status(1) == "triggered"


def test_two_who_ship_at_once_double_nothing_and_keep_the_order(spool: Spool, desk: Receiver) -> None:
    """A resolve before its trigger would leave it open; a trigger twice would be a repeat."""
    for n in range(8):
        spool.append(report(f"db-{n}"))
        spool.append(report(f"db-{n}", action=Action.RESOLVE, identity=f"{n:032x}"))
    both = threading.Barrier(2)

    def ship() -> None:
        both.wait(10)
        shipped(desk, spool)

    threads = [threading.Thread(target=ship) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    rows = desk.system.queries.incidents(open_only=False)
    assert [(row.status, row.repeats) for row in rows] == [("resolved", 0)] * 8
    assert (spool.is_empty(), spool.set_aside()) == (True, [])
