"""The scripted night of the demo: two incidents through the Alertmanager door, phones with habits, and what must have happened by the
end, looked up at the sandbox, in the timeline and in Flower. Not the processes (`stage`), not the printing (`demo`)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import httpx

from escalation.build import System
from escalation.clock import SystemClock
from escalation.domain.incident import Status
from escalation.errors import EscalationError
from escalation.local.stage import Stage

ANN, BOB, LEA = "+15550100001", "+15550100002", "+15550100003"
KEY = "demo-payments-key-for-localhost1"
PATIENCE = 30.0  # seconds for one incident to come to its end
LOOK = 0.2
IGNORES = {"habit": "ignores", "after": 2}  # then the carrier gives up
VOICEMAIL = {"habit": "voicemail", "after": 0.5, "hangs_up": 9}  # a mailbox that takes nine seconds
PRESSES_1 = {"habit": "answers", "after": 0.5, "presses": "1", "wait": 0.5}


class NotPlayed(EscalationError):
    """Raised when the night cannot go on: an alert was not accepted, a phone not found."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was left behind. `calls`, `texts`, `slack`, `mail` are the sandbox's records; `stories` the timelines by incident, in small
    letters; `tasks` what Flower knows; `unexpected` whoever was dialled without being on the script."""

    calls: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    slack: list[dict[str, Any]]
    mail: list[dict[str, Any]]
    unexpected: list[dict[str, Any]]
    stories: Mapping[int, str]
    statuses: Mapping[int, Status]
    tasks: Mapping[str, dict[str, Any]]
    until: Mapping[int, float]  # when the first incident was over, by the sandbox's clock

    def rang(self, number: str, incident: int) -> list[dict[str, Any]]:
        """Calls to a number while that incident was going on."""
        return [c for c in self.calls if _same(c["to"], number) and self._of(incident, c["requested_at"])]

    def texted(self, number: str, incident: int) -> bool:
        return any(_same(t["to"], number) and f"INC-{incident}" in t["text"] for t in self.texts)

    def _of(self, incident: int, at: float) -> bool:
        return (at <= self.until[1]) if incident == 1 else (at > self.until[1])


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that must have happened; `holds` looks for it."""

    incident: int
    what: str
    holds: Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Result:
    incident: int
    what: str
    happened: bool


def unanswered(number: str, incident: int) -> Callable[[Facts], bool]:
    return lambda f: bool(calls := f.rang(number, incident)) and not any(c["answered_at"] for c in calls)


def _voicemail(facts: Facts) -> bool:
    return any(c["machine"] and "not acknowledged" in " ".join(c["heard"]).lower() for c in facts.rang(BOB, 1))


def _lea_pressed(facts: Facts) -> bool:
    return any("1" in str(c["pressed"]) and "acknowledged" in " ".join(c["heard"]).lower() for c in facts.rang(LEA, 1))


def _flower_is_discreet(facts: Facts) -> bool:
    """As a number stands in a text; the digits of a duration may look like one."""
    return not re.search(r"(?<![\d.])\+?1?5550100\d{3}(?!\d)", str(facts.tasks))


def _flower_tells(incident: int) -> Callable[[Facts], bool]:
    """Carried out by a worker, not by the timekeeper in its place."""

    def tells(facts: Facts) -> bool:
        own = [task for task in facts.tasks.values() if str(task.get("uuid", "")).startswith(f"INC-{incident}.")]
        return any(task.get("name") == "page_by_voice" and task.get("state") == "SUCCESS" for task in own)

    return tells


EXPECTED = (
    Expected(1, "the primary's phone rang, nobody answered", unanswered(ANN, 1)),
    Expected(1, "the primary was sent a text", lambda f: f.texted(ANN, 1)),
    Expected(1, "the backup's voicemail got a message", _voicemail),
    Expected(1, "the lead answered, pressed 1, and heard that it is acknowledged", _lea_pressed),
    Expected(1, "the timeline says who has it, and how", lambda f: "acknowledged by lea lead, by phone" in f.stories[1]),
    Expected(1, "the monitor's resolve closed it", lambda f: f.statuses[1] is Status.RESOLVED),
    Expected(1, "workers carried it out, and Flower shows their tasks", _flower_tells(1)),
    Expected(2, "the primary's phone rang, nobody answered", unanswered(ANN, 2)),
    Expected(2, "the backup's phone rang, nobody answered", unanswered(BOB, 2)),
    Expected(2, "the lead's phone rang, nobody answered", unanswered(LEA, 2)),
    Expected(2, "the whole team was sent a text", lambda f: all(f.texted(n, 2) for n in (ANN, BOB, LEA))),
    Expected(2, "Slack has the details", lambda f: any("INC-2" in str(m) for m in f.slack)),
    Expected(2, "it is exhausted, loudly", lambda f: f.statuses[2] is Status.EXHAUSTED and "exhausted" in f.stories[2]),
    Expected(
        2, "the last resort got an e-mail", lambda f: any("ops@example.org" in m["to"] and "INC-2" in str(m) for m in f.mail)
    ),
    Expected(2, "workers carried it out, and Flower shows their tasks", _flower_tells(2)),
    Expected(2, "Flower shows no phone number", _flower_is_discreet),
    Expected(2, "nobody else was called", lambda f: not f.unexpected),
)


class Night:
    """Plays on an open stage. `say` is told what is being done."""

    def __init__(self, stage: Stage, system: System, say: Callable[[str], None]) -> None:
        self._stage, self._system, self._say = stage, system, say
        self._http = httpx.Client(timeout=10, trust_env=False)
        self._over: dict[int, float] = {}

    def play(self) -> list[Result]:
        """Both incidents, then the reckoning. Takes about a minute at most; raises `NotPlayed`."""
        self._say("Incident 1: the primary ignores it, the backup's voicemail picks up, the lead presses 1.")
        self.phones({ANN: IGNORES, BOB: VOICEMAIL, LEA: PRESSES_1})
        began = SystemClock().now()
        first = self.trouble("DatabaseDown", "db-1 is down", began)
        self.wait_for(lambda: self._status(first) is Status.ACKNOWLEDGED)
        self.wait_for(self._phones_are_idle)
        self.trouble("DatabaseDown", "db-1 is down", began, "resolved")
        self._over[first] = float(self._ask("clock")["now"])
        self._say("Incident 2: nobody answers.")
        self.phones(dict.fromkeys((ANN, BOB, LEA), IGNORES))
        second = self.trouble("DiskFull", "the disk of db-2 is full", SystemClock().now())
        self.wait_for(lambda: self._status(second) is Status.EXHAUSTED)
        self.wait_for(lambda: self._ask("mail"), 10)
        return self.reckon(first, second)

    def close(self) -> None:
        """Its connections to the stage."""
        self._http.close()

    def phones(self, habits: Mapping[str, dict[str, Any]]) -> None:
        for number, habit in habits.items():
            answer = self._http.put(f"{self._stage.urls.sandbox}/_sandbox/phones/{number}", json=habit)
            if not answer.is_success:
                raise NotPlayed(f"the sandbox refused a habit ({answer.status_code})")

    def trouble(self, name: str, summary: str, began: datetime, status: str = "firing") -> int:
        """One alert through the Alertmanager door; the number of its incident."""
        body = alertmanager(name, summary, began, status)
        answer = self._http.post(f"{self._stage.urls.receiver}/intake/alertmanager/{KEY}", json=body)
        try:
            return int(answer.raise_for_status().json()["alerts"][0]["incident"].removeprefix("INC-"))
        except (httpx.HTTPStatusError, ValueError, KeyError, AttributeError):
            raise NotPlayed(f"the receiver did not take the alert ({answer.status_code})") from None

    def wait_for(self, condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
        """True as soon as it holds. False is no error here: the reckoning will say what is missing."""
        pause, until = threading.Event(), monotonic() + seconds
        while not (held := condition()) and monotonic() < until:
            pause.wait(LOOK)
        return bool(held)

    def reckon(self, first: int, second: int) -> list[Result]:
        facts = self._facts(first, second)
        self.wait_for(lambda: all(e.holds(self._facts(first, second)) for e in EXPECTED if "Flower" in e.what), 5)
        facts = self._facts(first, second)
        return [Result(e.incident, e.what, _holds(e, facts)) for e in EXPECTED]

    def _facts(self, first: int, second: int) -> Facts:
        ids = {1: first, 2: second}
        stories = {n: "\n".join(t.entry.text for t in self._system.queries.timeline(i)).lower() for n, i in ids.items()}
        return Facts(
            self._ask("calls"), self._ask("messages"), self._ask("slack"), self._ask("mail"), self._ask("")["unexpected"],
            stories, {n: self._status(i) for n, i in ids.items()}, self._tasks(), self._over,
        )  # fmt: skip

    def _status(self, incident_id: int) -> Status:
        found = self._system.queries.incident(incident_id)
        if found is None:
            raise NotPlayed("the incident is gone")
        return found.incident.status

    def _phones_are_idle(self) -> bool:
        return all(phone["state"] == "idle" for phone in self._ask("phones"))

    def _tasks(self) -> dict[str, dict[str, Any]]:
        answer = self._http.get(f"{self._stage.urls.flower}/api/tasks", auth=("demo", self._stage.password))
        return dict(answer.json()) if answer.is_success else {}

    def _ask(self, what: str) -> Any:
        return self._http.get(f"{self._stage.urls.sandbox}/_sandbox/{what}").raise_for_status().json()


def alertmanager(name: str, summary: str, began: datetime, status: str) -> dict[str, object]:
    """A body as Alertmanager posts it (webhook version 4)."""
    labels = {"alertname": name, "severity": "critical", "instance": "db.example.org"}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": {"summary": summary, "description": "Shown in full on the incident's page."},
        "startsAt": began.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else SystemClock().now().isoformat(),
        "generatorURL": "http://prometheus.example.org/graph",
        "fingerprint": f"{sum(map(ord, name)):016x}",
    }
    return {
        "version": "4", "groupKey": f'{{}}:{{alertname="{name}"}}', "truncatedAlerts": 0, "status": status, "receiver": "escalation",
        "groupLabels": {"alertname": name}, "commonLabels": labels, "commonAnnotations": {}, "alerts": [alert],
        "externalURL": "http://alertmanager.example.org",
    }  # fmt: skip


def _holds(expected: Expected, facts: Facts) -> bool:
    try:
        return expected.holds(facts)
    except (KeyError, TypeError):
        return False


def _same(said: object, number: str) -> bool:
    return str(said).lstrip("+") == number.lstrip("+")
