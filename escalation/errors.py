"""The whole error tree. Blame is in the name: theirs is answered with a 4xx, ours with a 5xx; an event that does not
fit is not an error anywhere (it is recorded and ignored).

EscalationError
├── BadInput                 theirs: every fault at once, each naming what and where
│   ├── BadConfig            the YAML file
│   ├── BadSettings          the environment
│   ├── BadAlert             a body that an intake cannot read
│   └── UnknownKey           an intake key that belongs to no service
├── LeavesHole               theirs: a configuration after which nobody would be on call where somebody is
├── NotFound                 an incident, a command, a person that does not exist
├── StoreUnavailable         ours: the database is away or too busy; nothing was changed, try again
├── Unreadable               ours: a row that this release cannot read; it is set aside, and stops no other
├── SchemaMismatch           ours: the database was migrated for another release; says what to run
└── CarrierError             what a carrier's request came to when it was not accepted
"""

from __future__ import annotations

from enum import Enum


class EscalationError(Exception):
    """Root of everything raised on purpose."""


class BadInput(EscalationError):
    """Raised when something from outside cannot be used; carries every fault found, not the first."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class BadConfig(BadInput):
    """Raised when the configuration file has faults; each fault begins with its line."""


class BadSettings(BadInput):
    """Raised when environment settings are missing or malformed; never carries a secret's value."""


class BadAlert(BadInput):
    """Raised when an alert's body lacks what is needed to page somebody. `key`: the intake key in it, where there is one."""

    def __init__(self, faults: list[str], key: str = "") -> None:
        super().__init__(faults)
        self.key = key


class UnknownKey(BadInput):
    """Raised when an intake key belongs to no service."""


class LeavesHole(EscalationError):
    """Raised when a change of the configuration would leave hours without anybody on call that had somebody; nothing was applied."""


class NotFound(EscalationError):
    """Raised when something is asked for by a name that nothing has."""


class StoreUnavailable(EscalationError):
    """Raised when the database cannot be reached or did not answer in time; the transaction changed nothing. `passes`: it was in
    somebody's way (a deadlock), or its connection was found dead; the same again at once may well do."""

    def __init__(self, words: str, *, passes: bool = False) -> None:
        super().__init__(words)
        self.passes = passes


class Unreadable(EscalationError):
    """Raised when a row holds a word or a value that this release does not know: a newer one wrote it, or it is damaged. Names rows by
    their ids, never by what is in them. `incident_id` is 0 where it is not known yet."""

    def __init__(self, words: str, incident_id: int = 0) -> None:
        super().__init__(words)
        self.incident_id = incident_id


class SchemaMismatch(EscalationError):
    """Raised when a database's schema is older than this program needs, or newer than it can work with; says what to run."""


class Verdict(Enum):
    """What a carrier's answer allows us to conclude, and so what may be done next."""

    RETRY = "retry"  # certainly not accepted: refused before anything was sent, 429; the same again, later
    PERMANENT = "permanent"  # certainly not accepted, and never will be for this address
    UNKNOWN = "unknown"  # 5xx, a time-out, a broken answer: the phone may be ringing
    CREDENTIALS = "credentials"  # the carrier refuses us, not the address: retry, and alarm


class CarrierError(EscalationError):
    """Raised when a carrier did not answer with its 2xx. `reason` is ours: no number, no token, no carrier text in it.
    `alarm`: the fault is the site's, not the address's, and the last resort must hear of it. `outage`: the carrier is down for
    everybody (being asked to slow down is not)."""

    def __init__(self, verdict: Verdict, reason: str, *, alarm: bool = False, outage: bool = False) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.alarm = alarm or verdict is Verdict.CREDENTIALS
        self.outage = outage or verdict in (Verdict.UNKNOWN, Verdict.CREDENTIALS)
