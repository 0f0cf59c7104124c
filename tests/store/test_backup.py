"""Backup and restore: all rows of one moment, out of either database into either, as a whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import DateTime, Integer, String, Text, select
from sqlalchemy.types import TypeDecorator

from escalation.domain.announcement import Announcement
from escalation.domain.incident import Status
from escalation.domain.joined import Menu
from escalation.domain.maintenance import Planned, Scope
from escalation.domain.overrides import Override
from escalation.domain.roster import Channel
from escalation.domain.timeline import Entry, EntryKind
from escalation.domain.verification import Way
from escalation.errors import BadInput, SchemaMismatch
from escalation.ports import Transaction
from escalation.store import backup, schema
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from escalation.store.tables import alerts, calls, entries, incidents, metadata, outbox
from tests.builders import NIGHT, PHONES, alert, site
from tests.store.conftest import HandClock
from tests.store.nights import called, opened

NASTY = 'ünïx "x"\n\u2028 \\u0000 \U0001f4df'


def nothing(tx: Transaction, taken_at: datetime) -> None:
    """Restored incidents stay as they are."""


def a_night(store: SqlStore) -> None:
    """Something in every kind of table."""
    with store.transaction() as tx:
        tx.apply(site(), f"# {NASTY}")
        incident, jobs = called(tx, alert(NASTY, details={"n": NASTY, "deep": [1, None, 2.5]}, occurred_at=NIGHT))
        tx.count(incident.id, alert("again"))
        tx.claim(jobs[0].id, "worker", timedelta(seconds=15))
        tx.hold_phone(PHONES["ann"], incident.id, 1, 1, tx.now + timedelta(minutes=5))
        tx.first_seen("delivery")
        tx.carrier_down("plivo", "5xx")
        tx.bump("unknown_key")
        tx.arrange(Override(0, "primary", tx.now, tx.now + timedelta(hours=1), "bob", "ann"), NASTY)
        tx.renew_calendar("ann", NASTY)
        tx.announce(Announcement(NASTY[:9], "ann", Channel.SMS, NASTY, NASTY, NIGHT))
        tx.tell_gap(NASTY, NIGHT, NIGHT)
        tx.ask_reach("ann", NIGHT, timedelta(hours=1))
        tx.keep_code("ann", "mark", Way.SMS, "nonce", NASTY)
        tx.plan_maintenance(Planned(Scope(("payments",)), tx.now, tx.now + timedelta(hours=1), NASTY), NASTY)
        tx.join(incident.id, "payments", "[]", alert(NASTY))
        tx.block(Channel.SMS, PHONES["bob"], "STOP")
        tx.note(incident.id, [Entry(tx.now, EntryKind.NOTE, NASTY)])
        call = {"carrier": "plivo", "reference": "c", "address": PHONES["ann"], "began_at": tx.now}
        tx.connection.execute(calls.insert().values(call | {"incident_id": incident.id, "attempt": 1}))
        tx.take_slot(jobs[0], 2)
        tx.spend(Decimal("0.013"))
        tx.show(tx.begin_post("page #incidents", tx.now).id, [(1, 1)])
        tx.speak(incident.id, 1, 1, 0, Menu(((incident.id, 1),), ((7, 2),), walks=True))
        called(tx, alert(key="db-2"))


def taken(url: str) -> list[Any]:
    """Through JSON, as through a file."""
    return [json.loads(json.dumps(line, ensure_ascii=False)) for line in backup.dump(url)]


def without(table: str, lines: list[Any]) -> list[Any]:
    """As by a release that had no such table."""
    heads = [i for i, line in enumerate(lines) if isinstance(line, dict)]
    begin = next(i for i in heads if lines[i].get("table") == table)
    end = next(i for i in heads if i > begin)
    return [*lines[:begin], *lines[end:-1], {"rows": lines[-1]["rows"] - (end - begin - 1)}]


def rows(lines: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    table = ""
    for line in lines:
        if isinstance(line, dict):
            table = line.get("table", "")
            found.setdefault(table, [])
        else:
            found[table].append(line)
    return {name: sorted(them, key=repr) for name, them in found.items() if name}


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any schema, to restore into."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/restored/escalation.sqlite"
        return
    with request.getfixturevalue("postgres").made() as url:
        yield url


def test_what_is_restored_is_what_was_there(store: SqlStore, url: str, other_url: str) -> None:
    """Every row of every table, between the two databases too; but for the outbox, whose commands are not to be sent again."""
    a_night(store)
    lines = taken(url)
    backup.load(other_url, lines, nothing)
    there, here = rows(taken(other_url)), rows(lines)
    assert [name for name, them in here.items() if not them] == []
    assert (there.pop("outbox") != here.pop("outbox"), there) == (True, here)
    restored = SqlStore(other_url)
    with store.read() as mine, restored.read() as its:
        assert its.peek([1, 2]) == mine.peek([1, 2])
        assert its.site() == mine.site()
        assert {job.state for job in its.connection.execute(select(outbox.c.state))} == {"done"}
    assert "restored from the backup of" in Queries(restored).held().why
    restored.dispose()


def test_a_backup_shows_one_moment_while_others_write(store: SqlStore, url: str) -> None:
    """An incident that was opened while it was taken is in all of its tables or in none: else a page would hang on nothing."""
    a_night(store)
    lines = backup.dump(url)
    seen = [next(lines) for _ in range(2)]
    with store.transaction() as tx:
        incident, _ = called(tx, alert(key="db-3"))
        tx.save(incident, incident, (), (), "")
    seen += lines
    found = rows(seen)
    assert [len(found[table.name]) for table in (incidents, alerts)] == [2, 1]
    assert {row[0] for row in found["pages"]} == {1, 2}
    with store.transaction() as tx:
        assert tx.load(incident.id)


def test_a_site_is_not_replaced_by_mistake(store: SqlStore, url: str) -> None:
    """Only when that is said; and then nothing of the old one is left."""
    a_night(store)
    lines = taken(url)
    with store.transaction() as tx:
        opened(tx, alert(key="after the backup"))
    with pytest.raises(backup.NotEmpty, match="--force"):
        backup.load(url, lines, nothing)
    backup.load(url, lines, nothing, force=True)
    with store.transaction() as tx:
        assert [tx.look("payments", key) is not None for key in ("db-2", "after the backup")] == [True, False]


def test_a_site_that_runs_is_never_replaced(store: SqlStore, url: str, clock: HandClock) -> None:
    """Its processes would go on with what is no longer there."""
    lines = taken(url)
    with store.transaction() as tx:
        tx.beat("timekeeper")
    with pytest.raises(backup.NotEmpty, match="stop it"):
        backup.load(url, lines, nothing, force=True, clock=clock)
    clock.after(seconds=31)
    backup.load(url, lines, nothing, clock=clock)


@pytest.mark.parametrize("spoil", [lambda x: x[:-1], lambda x: x[:-2] + x[-1:], lambda x: x[:3], lambda x: x[1:], lambda x: []])
def test_one_that_is_cut_short_changes_nothing(store: SqlStore, url: str, spoil: Any) -> None:
    """All of it, or none: half a site would page half of those concerned."""
    a_night(store)
    lines = taken(url)
    before = rows(lines)
    with pytest.raises(BadInput):
        backup.load(url, spoil(lines), nothing, force=True)
    assert rows(taken(url)) == before


def test_a_fault_on_the_way_changes_nothing(store: SqlStore, url: str) -> None:
    """Whatever is wrong with an incident, the old site is still there."""

    def fails(tx: Transaction, taken_at: datetime) -> None:
        raise RuntimeError

    a_night(store)
    lines = taken(url)
    with pytest.raises(RuntimeError):
        backup.load(url, lines, fails, force=True)
    assert (rows(taken(url)), Queries(store).held()) == (rows(lines), None)


def test_one_of_an_older_release_is_brought_up_to_date(store: SqlStore, url: str) -> None:
    """Whoever keeps backups must not keep programs."""
    a_night(store)
    later = (
        *("arrangements", "calendars", "gaps", "announcements", "menus", "calls", "members", "maintenance", "reach", "slots"),
        *("verifications", "spending", "shown", "posts"),
    )
    header, *lines = reduce(lambda left, table: without(table, left), later, taken(url))
    backup.load(url, [header | {"revision": "0002"}, *lines], nothing, force=True)
    assert schema.standing(url) is schema.Standing.CURRENT
    assert Queries(store).held()
    with store.transaction() as tx:
        assert tx.load(2).status is Status.TRIGGERED


def test_one_of_a_newer_release_is_refused(store: SqlStore, url: str) -> None:
    """What this one does not know it would lose."""
    header, *lines = taken(url)
    with pytest.raises(SchemaMismatch, match="newer release"):
        backup.load(url, [header | {"revision": "9999"}, *lines], nothing)


def test_a_schema_that_is_ahead_is_not_backed_up(store: SqlStore, url: str) -> None:
    """There may be tables that this release does not know."""
    with store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        tx.connection.exec_driver_sql("INSERT INTO schema_revisions (revision, kind) VALUES ('9999', 'expand')")
    with pytest.raises(SchemaMismatch):
        taken(url)


def test_no_number_is_given_twice(store: SqlStore, url: str, other_url: str) -> None:
    """Incidents of after the backup stand in links and on phones, and their calls may still ring: a key that is pressed there must not
    acknowledge another trouble."""
    a_night(store)
    with store.transaction() as tx:
        third = opened(tx, alert(key="db-3"))
        tx.connection.execute(incidents.delete().where(incidents.c.id == third.id))
    backup.load(other_url, taken(url), nothing)
    restored = SqlStore(other_url)
    with restored.transaction() as tx:
        assert opened(tx, alert(key="db-4")).id == 1004
        assert called(tx, alert(key="db-5"))[1][0].id > 1000
        tx.note(1004, ())
    restored.dispose()


def test_every_column_can_be_written_as_json() -> None:
    """A backup has texts, numbers and moments; another kind of column needs a way there and back in `store.backup`."""

    def plain(kind: Any) -> Any:
        return kind.impl if isinstance(kind, TypeDecorator) else kind

    kinds = {type(plain(column.type)) for table in metadata.tables.values() for column in table.columns}
    assert all(issubclass(kind, Integer | String | Text | DateTime) for kind in kinds)
    assert entries.name in backup.TABLES
