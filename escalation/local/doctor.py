"""`escalation doctor`: every check at once, each bounded in time, and what they came to: lines for people or JSON for programs. Changes
nothing and sends nothing to anybody. Not the checks themselves (`checks`)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from time import monotonic

import httpx

from escalation.build import NoNudge, build
from escalation.errors import BadSettings, StoreUnavailable
from escalation.local.checks import carriers, installation, kept, numbers, paging, quiet, reach, spending, truth
from escalation.local.checks.finding import Finding, Level, fault, unknown
from escalation.local.checks.patient import Patient
from escalation.settings import Settings

PATIENCE = 25.0  # seconds for all: the slowest asks twice, ten seconds each

Check = Callable[[Patient], Iterator[Finding]]
DATABASE = "database"
NEED_DATABASE: Mapping[str, Check] = {
    "clock": truth.clock,
    "configuration": paging.configuration,
    "people": paging.reach,
    "timekeeper": truth.timekeeper,
    "workers": truth.workers,
    "queue-intake": truth.queue_intake,
    "audit": truth.audit,
    "self-test": truth.self_test,
    "readiness": reach.readiness,
    "numbers": numbers.verified,
    "held": truth.held,
    "maintenance": quiet.maintenance,
    "spending": spending.spending,
    "outbox": truth.late,
    "carriers": carriers.down,
}
ALONE: Mapping[str, Check] = {
    "settings": installation.settings,
    "broker": truth.broker,
    "public-url": installation.public_url,
    "plivo": carriers.plivo,
    "slack": carriers.slack,
    "email": carriers.email,
    "spool": kept.spool,
}
CHECKS = (DATABASE, *NEED_DATABASE, *ALONE)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Warnings do not count."""
        return not self.of(Level.FAULT)

    def of(self, level: Level) -> list[Finding]:
        return [finding for finding in self.findings if finding.level is level]


def examine(
    environ: Mapping[str, str],
    only: Iterable[str] = (),
    *,
    transport: httpx.BaseTransport | None = None,
    patience: float = PATIENCE,
) -> Diagnosis:
    """`only`: names out of `CHECKS`, all of them when empty. Never raises for what it looks at."""
    wanted = set(only) or set(CHECKS)
    try:
        settings = Settings.from_env(environ)
        patient = Patient(environ, settings, build(settings, nudge=NoNudge(), transport=transport), transport)
    except BadSettings as error:
        return Diagnosis(tuple(fault("settings", said, "see docs/settings.md") for said in error.faults))
    try:
        return Diagnosis(tuple(_examined(patient, wanted, monotonic() + patience)))
    finally:
        patient.system.store.dispose()


def _examined(patient: Patient, wanted: set[str], until: float) -> Iterator[Finding]:
    """The checks of the world outside begin at once; those of the database when it was found well: a file that is not there would
    be made by asking it."""
    alone = {name: _begun(check, patient) for name, check in ALONE.items() if name in wanted}
    database = _waited(DATABASE, _begun(truth.database, patient), until)
    if DATABASE in wanted:
        yield from database
    needing = {name: check for name, check in NEED_DATABASE.items() if name in wanted}
    if truth.is_usable(database):
        begun = {name: _begun(check, patient) for name, check in needing.items()}
        for name, future in begun.items():
            yield from _waited(name, future, until)
    else:
        yield from (unknown(name, "needs the database") for name in needing)
    for name, future in alone.items():
        yield from _waited(name, future, until)


def _begun(check: Check, patient: Patient) -> Future[list[Finding]]:
    """In a daemon thread: one that hangs (a look-up of a name may, for minutes) must not keep the command from ending."""
    done: Future[list[Finding]] = Future()

    def run() -> None:
        try:
            done.set_result(list(check(patient)))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="check", daemon=True).start()
    return done


def _waited(name: str, future: Future[list[Finding]], until: float) -> list[Finding]:
    try:
        return future.result(max(until - monotonic(), 0))
    except TimeoutError:
        return [fault(name, "no answer in time", "see this host's network and name service")]
    except StoreUnavailable as error:
        return [fault(name, str(error), "see the database's load and its log")]
    except Exception as error:  # its text may hold anything
        return [fault(name, f"the check itself failed ({type(error).__name__})", "a fault of ours: report it, with this line")]


def as_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """One line a finding, its cure after an arrow; the sum at the end."""
    wide = max((len(finding.what) for finding in diagnosis.findings), default=0)
    for finding in diagnosis.findings:
        mark = SHOWN[finding.level]
        cure = f"  → {finding.cure}" if finding.cure else ""
        yield f"{mark:<8} {finding.what:<{wide}}  {finding.said}{cure}"
    faults, warnings = len(diagnosis.of(Level.FAULT)), len(diagnosis.of(Level.WARNING))
    yield f"{faults or 'no'} fault{'s' * (faults != 1)}, {warnings or 'no'} warning{'s' * (warnings != 1)}"


SHOWN = {Level.OK: "ok", Level.WARNING: "warning", Level.FAULT: "FAULT", Level.UNKNOWN: "-"}


def as_json(diagnosis: Diagnosis) -> str:
    found = [{**asdict(finding), "level": finding.level.value} for finding in diagnosis.findings]
    return json.dumps({"ok": diagnosis.is_well, "findings": found}, ensure_ascii=False, indent=2)
