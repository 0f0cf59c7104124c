"""What every command is handed: settings and system, made when first asked for, and the words in which incidents are named.
Not the commands, and not how errors are told (`root`).

What talks to a database or a broker is loaded when it is first asked for: an alert that has to be kept on the disk must not wait for
it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import click

from escalation.errors import EscalationError
from escalation.local import reach
from escalation.local.report import Courier
from escalation.local.spool import Spool
from escalation.ports import Patience
from escalation.settings import Settings, warn

if TYPE_CHECKING:
    from escalation.build import System
    from escalation.nudge import CeleryNudge

NUDGE_SECONDS = 2.0
JSON = "json"


class Refused(EscalationError):
    """Raised when what was asked for cannot be done as things stand (an incident that is resolved cannot be acknowledged)."""


class Shell:
    """One command's run. `environ` is read when settings are needed, so that `escalation --help` needs none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    @cached_property
    def settings(self) -> Settings:
        """Raises `BadSettings`."""
        warn(self.environ)
        return Settings.from_env(self.environ)

    @cached_property
    def nudge(self) -> CeleryNudge:
        from escalation.local.broker import broker_url  # noqa: PLC0415
        from escalation.nudge import CeleryNudge  # noqa: PLC0415

        return CeleryNudge(broker_url(self.settings))

    @cached_property
    def system(self) -> System:
        """Raises `SchemaMismatch`."""
        from escalation.build import build, must_fit  # noqa: PLC0415

        must_fit(self.settings)
        return build(self.settings, nudge=self.nudge)

    @cached_property
    def spool(self) -> Spool:
        return Spool(self.settings.data_dir)

    @cached_property
    def courier(self) -> Courier:
        return Courier(lambda: self._prompt)

    @cached_property
    def _prompt(self) -> System:
        """For whoever cannot wait for the database, not even for a look at its schema. Raises `StoreUnavailable`, `SchemaMismatch`."""
        reach.database(self.settings.sql_url, Patience.SENDER.value)
        from escalation.build import build  # noqa: PLC0415
        from escalation.store import schema  # noqa: PLC0415

        schema.check(self.settings.sql_url, patience=Patience.SENDER)
        return build(self.settings, nudge=self.nudge)

    def close(self) -> None:
        """A short process has to wait a little for its nudges; what is not published by then the timekeeper has."""
        if "nudge" in self.__dict__:
            self.nudge.close(NUDGE_SECONDS)
        for name in self.__dict__.keys() & {"system", "_prompt"}:
            self.__dict__[name].store.dispose()


class IncidentId(click.ParamType[int]):
    """`INC-42`, `inc-42` or `42`."""

    name = "incident"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(?:INC-)?([0-9]{1,18})", str(value), re.IGNORECASE)
        if not found:
            self.fail(f"{str(value)!r} is not an incident (INC-42)", param, ctx)
        return int(found[1])


INCIDENT = IncidentId()

output = click.option(
    "-o", "--output", type=click.Choice(["simple", JSON]), default="simple", help="How to print what came of it."
)
