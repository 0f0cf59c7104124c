"""Begins self-tests: one in each period, whoever of several timekeepers comes first, or one now for the command. Each is an alert that is
posted to the receiver like a monitor's; from there on it is an incident. Not its rules (`domain.self_test`), not what its age
means (`checks.pulse`)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping

from escalation.build import System
from escalation.domain.alert import Action, Severity
from escalation.domain.incident import Status
from escalation.domain.links import self_test_key
from escalation.domain.policy import SELF_TEST, Site
from escalation.domain.self_test import BEGUN, FAILED
from escalation.errors import BadInput, EscalationError, UnknownKey
from escalation.intake import native
from escalation.local import elsewhere
from escalation.local.checks import pulse

log = logging.getLogger(__name__)

TRIES = 6  # turns, ten seconds each: a receiver that is restarted is no failure
SOMEBODYS = "the self-test was not begun: its number is a person's in the configuration"

Send = Callable[[str, str, Mapping[str, object], str], Mapping[str, str]]


class SelfTests:
    """`turn` is called every ten seconds or so, by one thread at a time. `send` is for tests without sockets."""

    def __init__(self, system: System, send: Send = elsewhere.send) -> None:
        self._system = system
        self._settings = system.settings
        self._send = send
        self._identity, self._tries = "", 0

    def turn(self) -> None:
        """Begins one when its time has come. What the receiver does not take is posted again under the same name, which is taken once."""
        if not self._tries and self._is_time():
            self._identity, self._tries = secrets.token_hex(8), TRIES
        if not self._tries:
            return
        self._tries -= 1
        try:
            self._post(self._identity)
            self._tries = 0
        except EscalationError as error:
            log.warning("the self-test could not be begun: %s", error)
            if not self._tries:
                self._failed()

    def now(self) -> int:
        """Begins one out of turn; returns its incident. Raises `BadInput` when the receiver refuses it, `StoreUnavailable` when it or the
        database is away."""
        with self._system.store.transaction() as tx:
            if is_somebodys(tx.site(), self._settings.self_test_number):
                raise BadInput([SOMEBODYS])
            tx.beat(BEGUN)
        return self._post(secrets.token_hex(8))

    @property
    def is_overdue(self) -> bool:
        return pulse.is_overdue(self._system.queries.heartbeats(), self._settings.self_test_every)

    def _is_time(self) -> bool:
        """Not while somebody is being paged: a test can wait, and lines at the carrier are few."""
        with self._system.store.transaction() as tx:
            site = tx.site()
            if tx.is_held() or not site.version or tx.open_incidents(Status.TRIGGERED):
                return False
            if not tx.beat_if_due(BEGUN, self._settings.self_test_every):
                return False
            fits = not is_somebodys(site, self._settings.self_test_number)
        if not fits:
            log.error(SOMEBODYS)
            self._failed()
        return fits

    def _failed(self) -> None:
        with self._system.store.transaction() as tx:
            tx.beat(FAILED)

    def _post(self, identity: str) -> int:
        url = self._settings.self_test_url or self._settings.public_url
        try:
            came = self._send(url, self_test_key(self._settings.secret_key), ALERT, identity)
        except UnknownKey:
            raise BadInput(
                [
                    "the receiver knows of no self-test: it was started without ESCALATION_SELF_TEST_NUMBER or with another secret key"
                ]
            ) from None
        return int(came["incident"].removeprefix("INC-") or 0)


ALERT: Mapping[str, object] = {
    "version": native.VERSION,
    "action": Action.TRIGGER.value,
    "dedup_key": SELF_TEST,  # one at a time
    "summary": "A test of the pager by itself: nothing is wrong.",
    "severity": Severity.INFO.value,  # whatever else waits goes first
    "source": "escalation",
}


def is_somebodys(site: Site, number: str) -> bool:
    """Whether a person would be called by it."""
    return any(c.address == number for person in site.roster.people.values() for c in person.contacts)
