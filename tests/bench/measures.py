"""The four measurements, each beside its floor in the same run: one page at a time, a burst, the words on the phone, memory. Each takes
running processes (`stage`) and gives figures; nothing here starts or ends anything but requests."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, monotonic_ns, sleep
from urllib.parse import urlencode, urlsplit

from sqlalchemy import create_engine

from escalation.nudge import celery_app
from escalation.sandbox.signer import v3_headers
from tests.bench import bare, machine, people, wire
from tests.bench.carrier import Call, Carrier
from tests.bench.figures import Figures, spread
from tests.bench.stage import TOKEN, Site

CONNECTIONS = 8
WARM_UP = 8
GAP = (0.02, 0.12)  # seconds between two single pages: not in step with anybody's turn
QUIET = 60.0  # seconds within which all must be done


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    singles: int
    burst: int
    answers: int

    @property
    def people(self) -> int:
        return self.burst + self.singles + WARM_UP


# --- one at a time


def floor_singles(broker: str, starts: Path, sizes: Sizes) -> Figures:
    """Publish to start, a bare task."""
    app = bare.bare_app(broker)
    sent: dict[int, int] = {}
    for number in range(WARM_UP + sizes.singles):
        sent[number] = monotonic_ns()
        app.send_task("start", args=[number], retry=False, ignore_result=True)
        until(lambda done=number: _started(starts, done))
        sleep(random.uniform(*GAP))
    app.close()
    began = dict(map(int, line.split()) for line in starts.read_text().splitlines())
    return spread([(began[n] - sent[n]) / 1e9 for n in sent if n >= WARM_UP])


def singles(site: Site, carrier: Carrier, sizes: Sizes) -> Figures:
    """From the first byte of an alert's POST, over a connection of its own, to the carrier's reading of the call's request."""
    carrier.forget()
    from_post, from_answer = [], []
    for number in range(WARM_UP + sizes.singles):
        exchange = wire.once("POST", f"{site.url}/intake/native", *alert(sizes.burst + number, "single"))
        assert exchange.status == 202, exchange.body
        call = carrier.wait_for(number + 1)
        if number >= WARM_UP:
            from_post.append((call.at - exchange.sent) / 1e9)
            from_answer.append((call.at - exchange.answered) / 1e9)
        sleep(random.uniform(*GAP))
    for number in range(WARM_UP + sizes.singles):
        wire.once("POST", f"{site.url}/intake/native", *alert(sizes.burst + number, "single", "resolve"))
    until(lambda: is_quiet(site))
    return spread(from_post) | {"after_the_202": spread(from_answer)}


# --- a burst


def floor_burst(broker: str, database: str, pid: int, carrier: Carrier, sizes: Sizes) -> Figures:
    """As many bare tasks, each one small transaction and one POST."""
    _bare_rows(database, sizes.burst + WARM_UP)
    app = bare.bare_app(broker)
    carrier.forget()
    for number in range(WARM_UP):
        app.send_task("page", args=[sizes.burst + number], retry=False, ignore_result=True)
        carrier.wait_for(number + 1)
    carrier.forget()
    began, cpu = monotonic_ns(), machine.cpu_seconds([pid])
    for number in range(sizes.burst):
        app.send_task("page", args=[number], retry=False, ignore_result=True)
    carrier.wait_for(sizes.burst)
    app.close()
    calls = carrier.calls()
    took = (calls[-1].at - began) / 1e9
    return {
        "pages_per_s": round(sizes.burst / took, 1),
        "first_call_s": round((calls[0].at - began) / 1e9, 3),
        "all_calls_s": round(took, 3),
        "worker_cpu_ms_per_page": round((machine.cpu_seconds([pid]) - cpu) / sizes.burst * 1e3, 2),
    }


def burst(site: Site, broker: str, carrier: Carrier, sizes: Sizes) -> Figures:
    """Different alerts for different people over kept connections, as fast as they are answered."""
    carrier.forget()
    headers_and_bodies = [alert(number, "burst") for number in range(sizes.burst)]
    requests = [wire.request("POST", f"{site.url}/intake/native", body, headers) for body, headers in headers_and_bodies]
    tasks, before = _tasks(broker), cpu(site)
    with _peak_of(site) as peak:
        began = monotonic_ns()
        exchanges = wire.all_of(site.url, requests, CONNECTIONS)
        carrier.wait_for(sizes.burst)
        until(lambda: is_quiet(site))
    assert {one.status for one in exchanges} == {202}, "an alert was not taken"
    used = {name: seconds - before[name] for name, seconds in cpu(site).items()}
    calls = carrier.calls()
    assert len({call.to for call in calls}) == len(calls) == sizes.burst, "somebody was called twice"
    took = (calls[-1].at - began) / 1e9
    return {
        "accepted_per_s": round(sizes.burst / ((max(one.answered for one in exchanges) - began) / 1e9), 1),
        "accepting": spread([one.seconds for one in exchanges]),
        "sent_again": sum(one.refused for one in exchanges),
        "pages_per_s": round(sizes.burst / took, 1),
        "first_call_s": round((calls[0].at - began) / 1e9, 3),
        "all_calls_s": round(took, 3),
        "cpu_ms_per_page": round(sum(used.values()) / sizes.burst * 1e3, 2),
        "cpu_ms_per_page_each": {name: round(seconds / sizes.burst * 1e3, 2) for name, seconds in used.items()},
        "tasks_per_page": round((_tasks(broker) - tasks) / sizes.burst, 2),
        "database_connections": max(peak),
    }


# --- the words on the phone


def answers(url: str, calls: list[Call], sizes: Sizes) -> Figures:
    """The answer requests of these calls, each signed as Plivo signs and each call new, over several connections at once."""
    requests = [answer(call, url, number) for number, call in enumerate(calls[: sizes.answers])]
    began = monotonic_ns()
    exchanges = wire.all_of(url, requests, CONNECTIONS)
    took = (max(one.answered for one in exchanges) - began) / 1e9
    assert all(one.status == 200 and b"silent" in one.body for one in exchanges), "an answer was refused, or a makeshift"
    return {"requests_per_s": round(len(exchanges) / took, 1)} | spread([one.seconds for one in exchanges])


def single_answers(url: str, calls: list[Call]) -> Figures:
    """The same one at a time: what one caller waits for."""
    with wire.Wire(url) as line:
        return spread([line.exchange(answer(call, url, number)).seconds for number, call in enumerate(calls)])


def document(url: str, call: Call) -> bytes:
    """What a caller hears."""
    exchange = wire.once("POST", url)
    with wire.Wire(url) as line:
        exchange = line.exchange(answer(call, url, 10**6))
    assert exchange.status == 200 and b"<GetInput" in exchange.body, exchange.body
    return exchange.body


# --- memory


def memory(processes: Mapping[str, int]) -> Figures:
    each = {name: machine.pss_mb(machine.family([pid])) for name, pid in processes.items()}
    return {"each_mb": each, "all_mb": round(sum(each.values()), 1)}


# --- parts


def alert(person: int, trouble: str, action: str = "trigger") -> tuple[bytes, dict[str, str]]:
    headers = {"Content-Type": "application/json", "X-Intake-Key": people.key(person)}
    return people.alert(person, f"{trouble}-{person}", action), headers


def answer(call: Call, url: str, number: int) -> bytes:
    """As Plivo asks: a form, signed for the URL that we gave it, the fragment left out."""
    asked = url + urlsplit(call.answer_url).path
    params = {
        "CallUUID": f"00000000-0000-0000-0000-{number:012}",
        "RequestUUID": f"00000000-0000-0000-0000-{number:012}",
        "From": "15550109999",
        "To": call.to,
        "Direction": "outbound",
        "CallStatus": "in-progress",
        "Event": "StartApp",
        "BillRate": "0.0085",
        "ParentAuthID": "MABENCH",
        "SessionStart": "2026-01-01 00:00:00.000000",
    }
    headers = v3_headers("POST", asked, params, f"nonce{number}", (TOKEN, TOKEN))
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return wire.request("POST", asked, urlencode(params).encode(), headers)


def cpu(site: Site) -> dict[str, float]:
    return {name: machine.cpu_seconds([pid]) for name, pid in site.roots.items()}


def _tasks(broker: str) -> int:
    """Tasks that the workers have begun since they started."""
    app = celery_app("bench", broker)
    stats = app.control.inspect(timeout=1.0).stats() or {}
    app.close()
    return sum(sum(worker["total"].values()) for worker in stats.values())


def is_quiet(site: Site) -> bool:
    sending = site.system.queries.sending()
    return sending.pending == sending.claimed == 0


@contextmanager
def _peak_of(site: Site):
    seen, stop = [site.connections()], threading.Event()

    def watch() -> None:
        while not stop.wait(0.25):
            seen.append(site.connections())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def _bare_rows(database: str, rows: int) -> None:
    engine = create_engine(database)
    with engine.begin() as connection:
        for table in bare.TABLES:
            connection.exec_driver_sql(table)
        for number in range(rows):
            connection.exec_driver_sql(f"INSERT INTO bare_pages VALUES ({number}, 'planned')")
    engine.dispose()


def _started(starts: Path, number: int) -> bool:
    return starts.exists() and starts.read_text().endswith("\n") and f"\n{number} " in "\n" + starts.read_text()


def until(condition: Callable[[], object], seconds: float = QUIET) -> None:
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, "not done in time"
        sleep(0.005)
