"""Connections to PostgreSQL: how long the network and the server may be silent, their settings, and no row of ours in an error's text.
Not the dialect, which is SQLAlchemy's."""

from __future__ import annotations

from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection

from escalation.ports import Patience

RV = TypeVar("RV")


def libpq(url: URL, patience: float) -> dict[str, object]:
    """How long the network may be silent. What the URL says itself stays."""
    ours = {
        "connect_timeout": max(int(patience / 2), 2),  # libpq takes 1 for 2
        # A host that vanished: the kernel would go on trying for a quarter of an hour.
        "tcp_user_timeout": int(max(patience, 2) * 1000),
        "keepalives_idle": 10,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "application_name": "escalation",
    }
    return {name: value for name, value in ours.items() if name not in url.query}


class Silent(psycopg.OperationalError):
    """Raised when a server said nothing for longer than its own time-outs allow: it is frozen, or the network is."""

    says_nothing = True


def _listening(patience: float) -> type[psycopg.Connection[Any]]:
    """A connection that gives up on a silent server. The kernel does not: it has the frozen server's acknowledgement."""

    class Listening(psycopg.Connection[Any]):
        longest: float | None = patience * 2 + 1  # None: as long as it takes

        def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
            bound = self.longest if timeout is None else None
            until = monotonic() + (bound or 0)
            try:
                return super().wait(gen, interval, timeout if bound is None else bound)
            except psycopg.OperationalError:
                if bound is not None and monotonic() >= until:
                    self.pgconn.finish()
                    raise Silent("the server says nothing") from None
                raise

    return Listening


def _ask_once(engine: Engine, patience: float) -> None:
    """An idle connection is asked whether it is alive before it is used: for no longer than whoever wants it waits, and then no
    second one is tried. Whose connection had died is given a new one; a server that is silent would be silent there too."""

    @event.listens_for(engine, "checkin")
    def idle(connection: Any, _: object) -> None:
        if connection is not None:  # None: it had died
            connection.longest = patience

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.longest = patience * 2 + 1

    @event.listens_for(engine, "handle_error")
    def give_up(context: ExceptionContext) -> None:
        if context.is_pre_ping and isinstance(context.original_exception, Silent):
            context.is_disconnect = False


def settle(engine: Engine, patience: float) -> None:
    """Gives each new connection of the engine our settings. `patience` in seconds."""
    listening = _listening(patience)
    _ask_once(engine, patience)
    settings = {
        "lock_timeout": f"{patience * 1000:.0f}ms",
        "statement_timeout": f"{patience * 2000:.0f}ms",
        # A process that was frozen in mid-transaction would keep an incident locked, and every key press out, until it thaws.
        "idle_in_transaction_session_timeout": f"{Patience.WORKER.value:.0f}s",
        "timezone": "UTC",
    }

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, args: tuple[Any, ...], options: dict[str, Any]) -> DBAPIConnection:
        return listening.connect(*args, **options)  # type: ignore[return-value]  # has what the protocol asks for

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
        cursor.close()
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("reads"):  # one picture for several queries, as on SQLite
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    @event.listens_for(engine, "handle_error")
    def redact(context: ExceptionContext) -> None:
        # The DETAIL line quotes the row: a phone number would be in every log that prints the exception.
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None:
                error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:]) if error.args else ()
