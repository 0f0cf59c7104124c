"""What each day has cost so far, in SQL: one row a day, in millionths of whatever currency the prices are in, as both databases add whole
numbers exactly."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.sql.dml import ReturningInsert

from escalation.domain.cost import Spent
from escalation.store.sql_work import Work, inserting
from escalation.store.tables import spending

_MILLION = 1_000_000
_HOW = (spending.c.millionths, spending.c.told, spending.c.of)
_TODAY = select(*_HOW).where(spending.c.day == bindparam("today"))


class Spending(Work):
    """The ledger's part of a transaction."""

    def spend(self, amount: Decimal) -> Spent:
        row = {"day": self._today(), "millionths": _millionths(amount), "told": 0, "of": 0}
        return _spent(self.connection.execute(_add(self.dialect), row).one())

    def take_back_spending(self, amount: Decimal) -> None:
        much = _millionths(amount)
        enough = (spending.c.day == self._today(), spending.c.millionths >= much)
        self.connection.execute(update(spending).where(*enough).values(millionths=spending.c.millionths - much))

    def spent_today(self) -> Spent:
        found = self.connection.execute(_TODAY, {"today": self._today()}).first()
        return _spent(found) if found else Spent()

    def spending_told(self, percent: int, of: Decimal) -> None:
        told = update(spending).where(spending.c.day == self._today()).values(told=percent, of=_millionths(of))
        self.connection.execute(told)

    def _today(self) -> str:
        return self.now.date().isoformat()


def _spent(row: Any) -> Spent:
    return Spent(Decimal(row.millionths) / _MILLION, row.told, Decimal(row.of) / _MILLION)


def _millionths(amount: Decimal) -> int:
    return int(amount * _MILLION)


@cache
def _add(dialect: str) -> ReturningInsert[Any]:
    new = inserting(dialect, spending)
    more = {"millionths": spending.c.millionths + new.excluded.millionths}
    return new.on_conflict_do_update(index_elements=["day"], set_=more).returning(*_HOW)
