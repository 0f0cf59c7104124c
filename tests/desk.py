"""An office with somebody who listens to what people say back: what tests of responses work in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.domain.events import AttemptAnswered
from escalation.domain.incident import Status
from escalation.domain.links import reply_code
from escalation.domain.replies import ReplyAction
from escalation.responses import Responses, Said
from tests.office import Office


class Desk:
    """An office with somebody who listens to what people say."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.responses = Responses(office.engine, office.store, "secret")

    def trouble(self, **values: object) -> int:
        """Sent to whoever is first."""
        incident_id = self.office.trouble(**values)  # type: ignore[arg-type]
        self.office.work()
        return incident_id

    def status(self, incident_id: int = 1) -> Status:
        return self.office.incident(incident_id).status

    def key(self, digit: str, attempt: int = 1, identity: str = "") -> Said:
        return self.responses.key((1, attempt, 1), digit, identity)

    def text(self, sender: str, body: str, identity: str = "", wish: ReplyAction | None = None) -> str | None:
        return self.responses.text(sender, body, identity, trusted=True, wish=wish)

    def opted_out(self) -> list[str]:
        with self.office.store.transaction() as tx:
            return [row[0] for row in tx.connection.exec_driver_sql("select address from opt_outs")]

    def code(self, incident_id: int, page: int = 1) -> str:
        return reply_code("secret", incident_id, page)

    def picks_up(self, attempt: int = 1) -> None:
        self.office.engine.tell(1, AttemptAnswered(attempt, 1))

    def story(self, incident_id: int = 1) -> str:
        with self.office.store.transaction() as tx:
            rows = tx.connection.exec_driver_sql("select text from entries where incident_id = ? order by 1", (incident_id,))
            return "\n".join(row[0] for row in rows)

    def counter(self, name: str) -> int:
        with self.office.store.transaction() as tx:
            found = tx.connection.exec_driver_sql("select count from counters where name = ?", (name,)).scalar()
        return int(found or 0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    office = Office(f"sqlite:///{tmp_path / 'x.sqlite'}")
    yield Desk(office)
    office.store.dispose()
