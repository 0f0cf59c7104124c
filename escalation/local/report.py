"""What somebody at a terminal, or a script, reports: a trouble, that somebody has it, or that it is over; and how it is handed over, to
the engine here or to a receiver elsewhere. Told apart from every other report by an identity, so that handing it over again changes
nothing. Not where it waits while nobody can take it (`spool`), not a command's options (`cli`)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from escalation.domain.alert import Action
from escalation.domain.dedup import What
from escalation.domain.events import Acknowledged, Resolved
from escalation.domain.incident import Incident, Status, Via
from escalation.domain.policy import Service, Site
from escalation.errors import BadInput, NotFound, UnknownKey
from escalation.intake import native
from escalation.ports import Patience

if TYPE_CHECKING:
    from escalation.build import System


@dataclass(frozen=True, slots=True)
class Report:
    """`incident` names one by its number, else `dedup_key` does with `service` or `key` (an intake key). `body` is the rest of a trigger
    in our own alert format. Without `url` it is for the database here. `identity` is made once, before the first try: one that was
    stored although its answer was lost must not be stored again."""

    identity: str
    raised_at: datetime
    action: Action
    dedup_key: str = ""
    incident: int = 0
    body: dict[str, object] = field(default_factory=dict)
    by: str = ""
    service: str = ""
    url: str = ""
    key: str = field(default="", repr=False)

    def alert(self) -> dict[str, object]:
        """In our own format. Raises nothing: whether it can be read says `native.parse`."""
        return {"version": native.VERSION, "action": self.action.value, "dedup_key": self.dedup_key} | self.body

    def late(self) -> Report:
        """As it is handed over when it had to wait: a trouble began when it was raised, not when it arrives."""
        raised = self.raised_at.isoformat()
        details = self.body.get("details")
        told = {
            "spooled": f"raised {self.raised_at:%Y-%m-%d %H:%M:%S} UTC on {socket.gethostname()}, kept there: the pager was away"
        }
        said = details if isinstance(details, Mapping) else {}
        more = {"details": {**said, **told}} if self.action is Action.TRIGGER else {}
        return replace(self, body={**self.body, "occurred_at": raised, **more})

    @property
    def began(self) -> datetime | None:
        """When it was raised, for one that had to wait: then it closes nothing that began after it."""
        return self.raised_at if "occurred_at" in self.body else None


@dataclass(frozen=True, slots=True)
class Came:
    """What became of a report. `incident` is `INC-42`, or empty; `standing` the incident itself where it was named by its number."""

    what: str
    incident: str
    dedup_key: str
    standing: Incident | None = None


class Courier:
    """Hands reports over. `system` is asked for when one is for the database here, and may raise `StoreUnavailable`."""

    def __init__(self, system: Callable[[], System]) -> None:
        self._system = system

    def ready(self, url: str) -> None:
        """Loads what handing over to that place needs, so that it takes none of the time that somebody waits for it. Raises
        `StoreUnavailable`, `SchemaMismatch`."""
        if not url:
            self._system()

    def deliver(self, report: Report) -> Came:
        """Raises `StoreUnavailable`, and then it may be handed over again; `BadInput` or `NotFound` when it never will be taken as
        things stand."""
        if report.url:
            from escalation.local import elsewhere  # noqa: PLC0415  # its client loads for longer than the spool takes

            said = elsewhere.send(report.url, report.key, report.alert(), report.identity)
            return Came(said["what"], said["incident"], said["dedup_key"])
        if report.action is Action.TRIGGER:
            return self._trigger(report)
        return self._tell_incident(report) if report.incident else self._tell(report)

    def _trigger(self, report: Report) -> Came:
        system = self._system()
        with system.store.read(patience=Patience.SENDER) as tx:
            key = report.key or service_named(tx.site(), report.service).keys[0]
        (alert,) = native.parse(report.alert(), key)
        (taken,) = system.engine.take([replace(alert, identity=report.identity)], patience=Patience.SENDER)
        return Came(taken.what.value, _named(taken.incident_id), taken.dedup_key)

    def _tell(self, report: Report) -> Came:
        system, (event, wanted, done) = self._system(), _said(report)
        with system.store.read(patience=Patience.SENDER) as tx:
            service = service_of(tx.site(), report).name
        told = system.engine.tell_open(service, report.dedup_key, event, report.identity, patience=Patience.SENDER)
        if told is None or told.incident.status is not wanted:
            return Came(What.IGNORED, "", report.dedup_key)
        return Came(done, told.incident.short_id, report.dedup_key)

    def _tell_incident(self, report: Report) -> Came:
        event, wanted, done = _said(report)
        told = self._system().engine.tell(report.incident, event, report.identity, patience=Patience.SENDER)
        what = done if told.incident.status is wanted else What.IGNORED
        return Came(what, told.incident.short_id, told.incident.dedup_key, told.incident)


def service_of(site: Site, report: Report) -> Service:
    """By the intake key where one is given. Raises `UnknownKey`, `NotFound`, `BadInput`."""
    if not report.key:
        return service_named(site, report.service)
    if (found := site.service_of(report.key)) is None:
        raise UnknownKey(["the intake key belongs to no service"])
    return found


def service_named(site: Site, name: str) -> Service:
    """The service of that name, or the only one. Raises `NotFound`, `BadInput`."""
    if not site.services:
        raise NotFound("no configuration was applied yet: escalation config apply")
    if not name and len(site.services) > 1:
        raise BadInput([f"--service is needed, one of: {', '.join(site.services)}"])
    found = site.services.get(name) if name else next(iter(site.services.values()))
    if found is None:
        raise NotFound(f"no service of that name, there are: {', '.join(site.services)}")
    return found


def _said(report: Report) -> tuple[Acknowledged | Resolved, Status, What]:
    """The event, how the incident stands when it was taken, and what that is called."""
    if report.action is Action.RESOLVE:
        return Resolved(report.by, Via.CLI, report.began), Status.RESOLVED, What.RESOLVED
    return Acknowledged(report.by, Via.CLI), Status.ACKNOWLEDGED, What.ACKNOWLEDGED


def _named(incident_id: int | None) -> str:
    return f"INC-{incident_id}" if incident_id else ""
