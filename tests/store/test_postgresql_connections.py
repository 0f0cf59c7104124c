"""How we connect to PostgreSQL: nothing waits without end, and what an operator's URL says goes before what we would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from escalation.errors import BadSettings, StoreUnavailable
from escalation.ports import Patience
from escalation.store import schema
from escalation.store.engines import make_engine
from escalation.store.sql import SqlStore
from tests.builders import alert
from tests.servers.wire import Wire
from tests.store.nights import opened


def test_a_process_frozen_in_mid_transaction_gives_its_locks_back(postgres_url: str) -> None:
    """Else a key press would be refused for as long as some worker hangs. What the frozen one had done is undone, and it is told."""
    store, hurried = SqlStore(postgres_url), make_engine(postgres_url)
    with pytest.raises(DBAPIError), hurried.connect() as frozen:
        frozen.execute(text("SET idle_in_transaction_session_timeout = '200ms'"))
        frozen.commit()
        frozen.execute(text("LOCK TABLE incidents"))
        with store.transaction() as tx:
            assert opened(tx).id
        frozen.execute(text("SELECT 1"))
    hurried.dispose()
    store.dispose()


@pytest.mark.parametrize(
    ("patience", "bounds"),
    [(Patience.WORKER, ["10s", "20s"]), (Patience.SENDER, ["5s", "10s"]), (Patience.CALLER, ["800ms", "1600ms"])],
)
def test_nothing_waits_without_end(patience: Patience, bounds: list[str], postgres_url: str) -> None:
    """Locks, statements, silent hosts: a bound for each, and a short one for callbacks."""
    engine = make_engine(postgres_url, patience)
    with engine.connect() as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")]
        assert shown == bounds
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "10s"
        assert (
            connection.scalar(text("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")) == "escalation"
        )
    engine.dispose()


def test_what_the_url_says_stays(postgres_url: str) -> None:
    """Whoever names a time-out, a certificate or a name in the URL has a reason."""
    engine = make_engine(f"{postgres_url}?application_name=night&connect_timeout=7")
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW application_name")) == "night"
    engine.dispose()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_the_scheme_is_one(scheme: str, postgres_url: str) -> None:
    """`postgres://` is what many hosters print."""
    store = SqlStore(postgres_url.replace("postgresql", scheme, 1))
    with store.transaction() as tx:
        assert opened(tx).id == 1
    store.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite",
        "postgresql//user:hunter2@db/x",
        "mysql://user:hunter2@db/x",
        "postgresql+psycopg2://user:hunter2@db/x",
        "redis://:hunter2@db",
    ],
)
def test_another_kind_of_database_is_refused_without_its_password(url: str) -> None:
    """At the start, and by the setting's name."""
    with pytest.raises(BadSettings, match="ESCALATION_DATABASE_URL") as caught:
        SqlStore(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_went_away_and_came_back_costs_nobody_anything(postgres_url: str) -> None:
    """While it is away every try says so at once; after it, connections of before are found dead before they are used."""
    wire = Wire(postgres_url)
    store = SqlStore(wire.url)
    with store.transaction() as tx:
        incident = opened(tx)
    with wire.cut_off(), pytest.raises(StoreUnavailable), store.transaction():
        pass
    with store.transaction() as tx:
        assert tx.load(incident.id) == incident
    store.dispose()
    wire.cut()


def test_a_server_that_falls_silent_is_given_up(postgres_url: str) -> None:
    """Frozen, it keeps its connections and the kernel acknowledges every word: without a bound of ours each would hang for good."""
    wire = Wire(postgres_url)
    store = SqlStore(wire.url)
    with store.transaction(patience=Patience.CALLER) as tx:
        incident = opened(tx)
    with wire.frozen(), pytest.raises(StoreUnavailable) as caught, store.transaction(patience=Patience.CALLER):
        pass
    assert not caught.value.passes  # the same at once would wait as long again
    with store.transaction(patience=Patience.CALLER) as tx:
        assert tx.load(incident.id) == incident
    store.dispose()
    wire.cut()


def test_a_silent_server_is_waited_for_once(postgres_url: str) -> None:
    """Not on the connection that was there, and then on a new one again; and for that question no longer than whoever asks waits."""
    wire = Wire(postgres_url)
    engine = make_engine(wire.url, Patience.CALLER)
    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        assert driver.longest > Patience.CALLER.value
    assert driver.longest == Patience.CALLER.value
    ends = len(wire._ends)
    with wire.frozen(), pytest.raises(DBAPIError, match="says nothing"):
        engine.connect()
    assert len(wire._ends) == ends
    with engine.connect():
        pass
    engine.dispose()
    wire.cut()


def test_who_was_in_the_way_may_come_again_at_once(postgres_url: str) -> None:
    """Two that lock each other out: PostgreSQL ends one of them, and says so; a row that somebody holds is no such thing."""
    store = SqlStore(postgres_url)
    with store.transaction() as tx:
        first, second = opened(tx, alert(key="1")), opened(tx, alert(key="2"))

    def cross(mine: int, its: int, met: Barrier) -> bool:
        try:
            with store.transaction() as tx:
                tx.load(mine)
                met.wait(10)
                tx.load(its)
        except StoreUnavailable as error:
            return error.passes
        return False

    met = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(cross, first.id, second.id, met), pool.submit(cross, second.id, first.id, met)]
        assert sorted(end.result() for end in ends) == [False, True]
    with store.transaction() as holder:
        holder.load(first.id)
        with pytest.raises(StoreUnavailable) as caught, store.transaction(patience=Patience.CALLER) as tx:
            tx.load(first.id)
        assert not caught.value.passes
    store.dispose()


def test_a_migration_takes_as_long_as_it_takes(postgres_url: str) -> None:
    """A server that works for minutes, or waits for another who migrates, is not silent: no bound of ours ends it."""
    engine = make_engine(postgres_url, Patience.CALLER)
    with engine.begin() as connection:
        schema._unhurried(connection)
        assert connection.scalar(text("SELECT 1 FROM pg_sleep(2.8)")) == 1  # beyond every bound of that patience
    engine.dispose()
