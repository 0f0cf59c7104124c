"""Calls that speak for several incidents, in SQL: who joins, what was spoken, who must hear that it is over. The lock is the phone's row,
taken after the incident's: whoever joins and whoever ends the call meet there. What it all means is the domain's `joined`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, func, or_, select, update

from escalation.domain.incident import AttemptStatus, Outcome, Status
from escalation.domain.joined import Ended, Headline, Menu, Part, worst_first
from escalation.store.sql_incidents import is_id
from escalation.store.sql_work import Work
from escalation.store.tables import OVER_UNHEARD, attempts, calls, incidents, menus, phones

_SETTLED = AttemptStatus.SETTLED
_WANTED = incidents.c.status.in_([Status.TRIGGERED, Status.EXHAUSTED])
BY_TEXT = "sms:"  # begins the address of a text that tells of several: it is kept as such a call is
_ANSWERS = 1000  # hops from there on are of messages and of what can be said without a database: they speak for themselves


class Calls(Work):
    """The shared calls' part of a transaction."""

    def joinable(self, address: str, incident_id: int, attempt: int) -> Part | None:
        held = self.connection.execute(
            select(phones).where(phones.c.address == address, phones.c.until > self.now).with_for_update()
        ).one_or_none()
        if held is None or (held.incident_id, held.attempt) == (incident_id, attempt):
            return None
        host = held.incident_id, held.attempt
        call = self._newest(*host)
        goes_on = call is not None and call.ended_at is None and self._is_wanted(attempts.c.call_id == call.id)
        this = and_(attempts.c.incident_id == host[0], attempts.c.number == host[1])
        return host if goes_on or self._is_wanted(this) else None

    def join_call(self, host: Part, incident_id: int, attempt: int, address: str) -> None:
        call = self._newest(*host)
        call_id = call.id if call is not None and call.ended_at is None else self._begin(host, address)
        self._set_call(incident_id, attempt, call_id)

    def leave_call(self, incident_id: int, attempt: int) -> None:
        self._set_call(incident_id, attempt, None)

    def is_member(self, incident_id: int, attempt: int) -> bool:
        found = select(attempts.c.call_id).where(attempts.c.incident_id == incident_id, attempts.c.number == attempt)
        return self.connection.scalar(found) is not None

    def is_shared(self, incident_id: int, attempt: int) -> bool:
        if self._newest(incident_id, attempt) is None:  # as most calls are
            return False
        self._lock(incident_id, attempt)
        call = self._newest(incident_id, attempt)
        return call is not None and call.ended_at is None and self._has_members(call.id)

    def end_call(self, incident_id: int, attempt: int, outcome: Outcome, reason: str) -> None:
        if self._newest(incident_id, attempt) is None:
            return
        self._lock(incident_id, attempt)
        call = self._newest(incident_id, attempt)
        if call is None or call.ended_at is not None:
            return
        told_at = None if outcome is not Outcome.SENT and self._has_members(call.id) else self.now
        ending = {"ended_at": self.now, "outcome": outcome, "reason": reason, "told_at": told_at}
        self.connection.execute(update(calls).where(calls.c.id == call.id).values(ending))

    # --- speaking

    def headlines(self, incident_id: int, attempt: int) -> list[Headline] | None:
        call = self._newest(incident_id, attempt)
        if call is None:
            return None
        hosts = and_(attempts.c.incident_id == incident_id, attempts.c.number == attempt)
        what = (incidents.c.id, attempts.c.number, incidents.c.severity, incidents.c.service, incidents.c.summary)
        found = select(*what).join(attempts, attempts.c.incident_id == incidents.c.id)
        theirs = found.where(or_(attempts.c.call_id == call.id, hosts), attempts.c.status != _SETTLED, _WANTED)
        return worst_first(Headline(*row) for row in self.connection.execute(theirs))

    def titles(self, members: Sequence[Part]) -> list[Headline]:
        of = dict(members)
        what = (incidents.c.id, incidents.c.severity, incidents.c.service, incidents.c.summary)
        found = self.connection.execute(select(*what).where(incidents.c.id.in_(list(of)), _WANTED))
        return worst_first(Headline(row.id, of[row.id], row.severity, row.service, row.summary) for row in found)

    def speak(self, incident_id: int, attempt: int, try_: int, hop: int, menu: Menu) -> None:
        call = self._newest(incident_id, attempt)
        if call is not None:
            new = self.insert(menus).values(call_id=call.id, try_=try_, hop=hop, menu=menu, key="")
            self.connection.execute(new.on_conflict_do_update(index_elements=["call_id", "try_", "hop"], set_={"menu": menu}))

    def menu(self, incident_id: int, attempt: int, try_: int, hop: int) -> Menu | None:
        found = self._menu(incident_id, attempt, try_, hop)
        return found.menu if found else None

    def press(self, incident_id: int, attempt: int, try_: int, hop: int, key: str) -> None:
        found = self._menu(incident_id, attempt, try_, hop)
        if found:
            this = and_(menus.c.call_id == found.call_id, menus.c.try_ == try_, menus.c.hop == found.hop)
            self.connection.execute(update(menus).where(this).values(key=key))

    def wanted(self, members: Sequence[Part]) -> dict[int, tuple[Status, str]]:
        ids = [incident_id for incident_id, _ in members]
        what = select(incidents.c.id, incidents.c.status, incidents.c.acknowledged_by).where(incidents.c.id.in_(ids))
        return {row.id: (row.status, row.acknowledged_by) for row in self.connection.execute(what)}

    # --- the end

    def ended_members(self, limit: int) -> list[Ended]:
        over = list(self.connection.execute(select(calls).where(OVER_UNHEARD).order_by(calls.c.id).limit(limit)))
        return [ended for call in over for ended in self._of(call, limit)][:limit]

    def told(self) -> None:
        for call in self.connection.execute(select(calls.c.id).where(OVER_UNHEARD)).all():
            if not self._has_members(call.id):
                self.connection.execute(update(calls).where(calls.c.id == call.id).values(told_at=self.now))

    # --- parts

    def _of(self, call: Row[Any], limit: int) -> list[Ended]:
        said, by_text = self._said(call.id), call.address.startswith(BY_TEXT)
        theirs = select(attempts.c.incident_id, attempts.c.number, attempts.c.try_).where(self._live(call.id)).limit(limit)
        rows = self.connection.execute(theirs.order_by(attempts.c.incident_id))
        return [
            Ended(*row, call.outcome, call.reason or "", (m := (row.incident_id, row.number)) in said, said.get(m, ""), by_text)
            for row in rows
        ]

    def _said(self, call_id: int) -> dict[Part, str]:
        """What was spoken of in any menu, with the key that was pressed in one that did."""
        found: dict[Part, str] = {}
        for row in self.connection.execute(select(menus).where(menus.c.call_id == call_id).order_by(menus.c.hop)):
            found |= {member: row.key or found.get(member, "") for member in row.menu.said}
        return found

    def _menu(self, incident_id: int, attempt: int, try_: int, hop: int) -> Row[Any] | None:
        """Of that hop; where it could not be kept, of the last one before it, which is what the caller was told."""
        call = self._newest(incident_id, attempt)
        if call is None:
            return None
        which = menus.c.hop == hop if hop >= _ANSWERS else menus.c.hop <= hop
        found = select(menus).where(menus.c.call_id == call.id, menus.c.try_ == try_, which)
        return self.connection.execute(found.order_by(menus.c.hop.desc()).limit(1)).one_or_none()

    def _newest(self, incident_id: int, attempt: int) -> Row[Any] | None:
        if not is_id(incident_id):
            return None
        theirs = select(calls).where(calls.c.incident_id == incident_id, calls.c.attempt == attempt)
        return self.connection.execute(theirs.order_by(calls.c.id.desc()).limit(1)).one_or_none()

    def _lock(self, incident_id: int, attempt: int) -> None:
        held = and_(phones.c.incident_id == incident_id, phones.c.attempt == attempt)
        self.connection.execute(select(phones.c.address).where(held).with_for_update()).all()

    def _begin(self, host: Part, address: str) -> int:
        row = {
            "carrier": "",
            "reference": "",
            "address": address,
            "began_at": self.now,
            "incident_id": host[0],
            "attempt": host[1],
        }
        begun: int = self.connection.execute(self.insert(calls).values(row).returning(calls.c.id)).scalar_one()
        return begun

    def _set_call(self, incident_id: int, attempt: int, call_id: int | None) -> None:
        this = and_(attempts.c.incident_id == incident_id, attempts.c.number == attempt)
        self.connection.execute(update(attempts).where(this).values(call_id=call_id))

    def _is_wanted(self, whose: Any) -> bool:
        """Whether any of these has still something to say: one that was acknowledged says goodbye."""
        found = select(attempts.c.number).join(incidents, attempts.c.incident_id == incidents.c.id)
        return self.connection.execute(found.where(whose, attempts.c.status != _SETTLED, _WANTED).limit(1)).first() is not None

    def _has_members(self, call_id: int) -> bool:
        return self.connection.scalar(select(func.count()).select_from(attempts).where(self._live(call_id))) != 0

    @staticmethod
    def _live(call_id: int) -> Any:
        return and_(attempts.c.call_id == call_id, attempts.c.status != _SETTLED)
