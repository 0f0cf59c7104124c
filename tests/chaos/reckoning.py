"""What came of it, by the carrier's own journal and not by ours: was everybody called who had to be, how late, and was anybody called twice?
One row for each fault."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from escalation.domain.incident import Incident, Status
from escalation.sandbox.calls import Call
from tests.bench.figures import percentile
from tests.chaos.ground import Ground
from tests.chaos.people import Trouble

NAME = re.compile(r"/plivo/calls/(\d+)-(\d+)-(\d+)/")


@dataclass
class Row:
    """`expected` pages: the primary's, and the backup's where the primary does not answer. `doubled`: two calls of one request of ours;
    `again`: further requests of one attempt, each after an unclear answer; `late`: seconds from the 2xx to the first call."""

    fault: str
    incidents: int = 0
    expected: int = 0
    placed: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: int = 0
    again: int = 0
    unexplained: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        spread = {f"late_{name}_s": round(percentile(self.late, share), 1) for name, share in (("p50", 0.5), ("p99", 0.99))}
        return {
            "fault": self.fault,
            "incidents": self.incidents,
            "expected": self.expected,
            "placed": self.placed,
            "lost": len(self.lost),
            "doubled": self.doubled,
            "placed_again": self.again,
            **(spread if self.late else {}),
            **({"late_max_s": round(max(self.late), 1)} if self.late else {}),
        }


def reckon(on: Ground, struck: Mapping[str, Sequence[Trouble]], accepted: Mapping[int, float]) -> list[Row]:
    with on.sandbox.world.lock:
        calls = list(on.sandbox.world.calls)
    by_number: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_number[f"+{call.to}"].append(call)
    incidents = _incidents(on)
    return [_row(fault, some, accepted, by_number, incidents) for fault, some in struck.items()]


def is_settled(on: Ground, accepted: Iterable[int]) -> bool:
    """Nobody is being paged any more."""
    found = _incidents(on)
    return all((incident := found.get(index)) and incident.status is not Status.TRIGGERED for index in accepted)


def _incidents(on: Ground) -> dict[int, Incident]:
    """By their trouble's index."""
    ids = [row.id for row in on.system.queries.incidents(open_only=False, limit=10_000)]
    with on.system.store.read() as tx:
        return {int(one.dedup_key.rpartition("-")[2]): one for one in tx.peek(ids)}


def _row(
    fault: str,
    some: Sequence[Trouble],
    accepted: Mapping[int, float],
    calls: Mapping[str, list[Call]],
    incidents: Mapping[int, Incident],
) -> Row:
    row = Row(fault)
    for trouble in some:
        if trouble.index in accepted:
            _count(row, trouble, accepted[trouble.index], calls, incidents.get(trouble.index))
        else:
            row.lost.append(f"trouble {trouble.index} was never accepted")
    return row


def _count(row: Row, trouble: Trouble, at: float, calls: Mapping[str, list[Call]], incident: Incident | None) -> None:
    row.incidents += 1
    primary, backup = calls.get(trouble.primary, []), calls.get(trouble.backup, [])
    row.expected += 1 if trouble.answers else 2
    row.placed += bool(primary) + (bool(backup) and not trouble.answers)
    if primary:
        row.late.append(max(primary[0].requested_at - at, 0.0))
    if incident is None or incident.status is not Status.ACKNOWLEDGED:
        row.lost.append(f"trouble {trouble.index}: {incident.short_id if incident else 'no incident'} acknowledged by nobody")
    elif not primary or not (backup or trouble.answers):
        row.lost.append(f"trouble {trouble.index}: {incident.short_id}, somebody was never called")
    _count_doubles(row, [*primary, *backup], incident)


def _count_doubles(row: Row, calls: list[Call], incident: Incident | None) -> None:
    names = [NAME.search(call.request.answer.url) for call in calls]
    tries = Counter(name.groups() for name in names if name)
    row.doubled += sum(times - 1 for times in tries.values())
    attempts = Counter(name[:2] for name in tries)
    row.again += sum(times - 1 for times in attempts.values())
    for (number, attempt), times in attempts.items():
        known = incident.attempt(int(attempt)) if incident and incident.id == int(number) else None
        if times > 1 and (known is None or known.tries < times):
            row.unexplained.append(f"INC-{number} attempt {attempt}: {times} calls")
