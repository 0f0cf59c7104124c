"""Texts that tell of several incidents, in SQL. They are kept as shared calls are: a row in `calls` for the text, whom it names in `menus`, and
the phone's row, here of another key, as the lock at which those meet who write to one phone. When to gather is `gathered_texts`'."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, or_, select

from escalation.domain.commands import CommandKind
from escalation.domain.incident import AttemptStatus
from escalation.domain.joined import Menu, Part
from escalation.domain.policy import SELF_TEST
from escalation.shared_texts import LastText
from escalation.store.sql_calls import BY_TEXT, Calls
from escalation.store.sql_facts import holding
from escalation.store.tables import OVER_UNHEARD, attempts, calls, incidents, menus, outbox, phones
from escalation.store.types import JobState

_FEW = 20


def _key(address: str) -> str:
    return f"{BY_TEXT}{address}"


class Texts(Calls):
    """The shared texts' part of a transaction."""

    def call_is_being_told(self, address: str, since: datetime) -> bool:
        over = select(calls.c.id).where(OVER_UNHEARD, calls.c.address == address, calls.c.ended_at > since)
        return self.connection.execute(over.limit(1)).first() is not None

    def last_text(self, address: str) -> LastText | None:
        held = self.connection.execute(select(phones).where(phones.c.address == _key(address)).with_for_update()).one_or_none()
        return None if held is None else LastText((held.incident_id, held.attempt), held.until)

    def hold_texts(self, address: str, incident_id: int, attempt: int, try_: int, until: datetime) -> bool:
        row = {"address": _key(address), "incident_id": incident_id, "attempt": attempt, "try_": try_, "until": until}
        return self.connection.execute(holding(self.dialect), row | {"now": self.now}).first() is not None

    def overrule_texts(self, address: str) -> None:
        self.connection.execute(delete(phones).where(phones.c.address == _key(address)))

    def waiting_texts(self, address: str, incident_id: int, limit: int) -> list[Part]:
        of = and_(attempts.c.incident_id == outbox.c.incident_id, attempts.c.number == outbox.c.attempt)
        found = select(outbox.c.incident_id, outbox.c.attempt).join(attempts, of)
        found = found.join(incidents, incidents.c.id == outbox.c.incident_id)
        waits = and_(outbox.c.kind == CommandKind.TEXT, outbox.c.state == JobState.PENDING, outbox.c.try_ == attempts.c.try_)
        can_go = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= self.now)
        theirs = and_(attempts.c.address == address, attempts.c.status == AttemptStatus.PLANNED)
        others = and_(outbox.c.incident_id != incident_id, incidents.c.service != SELF_TEST)
        rows = self.connection.execute(
            found.where(waits, can_go, theirs, others).order_by(outbox.c.urgency, outbox.c.id).limit(limit)
        )
        return list({row.incident_id: (row.incident_id, row.attempt) for row in rows}.values())

    def write_of(self, address: str, incident_id: int, attempt: int, try_: int, members: list[Part]) -> None:
        written = self._newest(incident_id, attempt)
        if written is None or written.ended_at is not None:
            self._begin((incident_id, attempt), _key(address))
        self.speak(incident_id, attempt, try_, 0, Menu(tuple(members)))

    def names(self, address: str, incident_id: int, attempt: int) -> Part | None:
        of = select(calls.c.incident_id, calls.c.attempt, menus.c.menu).join(menus, menus.c.call_id == calls.c.id)
        lately = of.where(calls.c.address == _key(address), calls.c.ended_at.is_(None), calls.c.incident_id != incident_id)
        for row in self.connection.execute(lately.order_by(calls.c.id.desc()).limit(_FEW)):
            if (incident_id, attempt) in row.menu.said:
                return row.incident_id, row.attempt
        return None

    def named(self, incident_id: int, attempt: int) -> list[Part]:
        written = self._newest(incident_id, attempt)
        if written is None or written.ended_at is not None:
            return []
        newest = select(menus).where(menus.c.call_id == written.id).order_by(menus.c.try_.desc()).limit(1)
        found = self.connection.execute(newest).one_or_none()
        return list(found.menu.said) if found else []

    def texts_of_several(self, address: str, since: datetime) -> list[tuple[Part, list[Part]]]:
        of = select(calls.c.incident_id, calls.c.attempt, menus.c.menu).join(menus, menus.c.call_id == calls.c.id)
        lately = of.where(calls.c.address == _key(address), calls.c.began_at > since)
        rows = self.connection.execute(lately.order_by(calls.c.id.desc(), menus.c.try_.desc()).limit(_FEW))
        return [((row.incident_id, row.attempt), list(row.menu.said)) for row in rows]
