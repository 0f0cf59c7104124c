"""Who may wait for the database, and who is kept out so that a phone is answered."""

from __future__ import annotations

import io
import shlex
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from escalation.errors import StoreUnavailable
from tests.intake.bodies import KEY, NATIVE
from tests.processes import ROOT
from tests.webhooks.receiver import Receiver, receiver
from webhooks import guard, rooms


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    return receiver(tmp_path)


class Slow:
    """An application whose views wait for something, and may then find the database away."""

    def __init__(self, moment: float = 0.1) -> None:
        self.app, self.inside, self.go_on = Flask("slow"), threading.Semaphore(0), threading.Event()
        self.is_away = False
        guard.install(self.app)
        self.app.add_url_rule("/wait", "intake.wait", self.wait, methods=["POST"])
        self.app.add_url_rule("/page", "console.page", lambda: "here", methods=["POST"])
        self.app.add_url_rule("/answer", "plivo.answer", lambda: "here", methods=["POST"])
        rooms.furnish(self.app, moment)

    def wait(self) -> str:
        self.inside.release()
        self.go_on.wait(10)
        if self.is_away:
            raise StoreUnavailable("away")
        return "done"

    def post(self, path: str = "/wait") -> int:
        return self.app.test_client().post(path, data=b"{}").status_code

    def fill(self, threads: ThreadPoolExecutor) -> list[Future[int]]:
        """Every place of the alerts' room is taken."""
        waiting = [threads.submit(self.post) for _ in range(rooms.ALERTS)]
        for _ in waiting:
            assert self.inside.acquire(timeout=5)
        return waiting


def test_whoever_waits_for_the_database_leaves_threads_for_callers_and_for_people() -> None:
    """With the room full the next alert is told to come again, a phone is answered, and a page is shown."""
    slow = Slow()
    with ThreadPoolExecutor(rooms.ALERTS) as threads:
        waiting = slow.fill(threads)
        try:
            answer = slow.app.test_client().post("/wait")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert (slow.post("/answer"), slow.post("/page")) == (200, 200)
        finally:
            slow.go_on.set()
        assert [one.result() for one in waiting] == [200] * rooms.ALERTS
    assert slow.post() == 200, "the places are free again"


def test_a_burst_beyond_the_room_is_taken_all_the_same() -> None:
    """A full room is no trouble while it empties: who comes then gets the next place."""
    slow = Slow(moment=20)
    with ThreadPoolExecutor(rooms.THREADS) as threads:
        waiting = slow.fill(threads)
        beyond = [threads.submit(slow.post) for _ in range(rooms.THREADS - rooms.ALERTS)]
        slow.go_on.set()
        assert {one.result() for one in (*waiting, *beyond)} == {200}


def test_once_the_database_has_failed_somebody_nobody_waits_for_a_place(desk: Receiver) -> None:
    """The threads are needed for callers then; the first success, and all is as before."""
    slow = Slow()
    slow.is_away = True
    slow.go_on.set()
    assert slow.post() == 503
    slow.inside.acquire()
    slow.go_on.clear()
    room = slow.app.extensions[rooms.ROOMS][0]
    with ThreadPoolExecutor(rooms.ALERTS) as threads:
        waiting = slow.fill(threads)
        assert room._is_struggling
        assert slow.post() == 503
        slow.is_away = False
        slow.go_on.set()
        assert {one.result() for one in waiting} == {200}
    assert not room._is_struggling


def test_a_body_that_drips_in_takes_no_place() -> None:
    """A slow sender must not keep the others' alerts out."""
    slow, read = Slow(), []
    slow.go_on.set()

    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            read.append(slow.post())
            return super().read(size)

    for _ in range(rooms.ALERTS + 1):
        slow.app.test_client().post("/wait", input_stream=Dripping(b"{}"), content_length=2)
    assert set(read) == {200}


def test_calls_buttons_and_the_load_balancer_never_need_a_place(desk: Receiver) -> None:
    """Alerts, pages for people and what asks how we are do, each in a room of its own."""
    alerts, people, calendars = desk.app.extensions[rooms.ROOMS]
    calendars._is_struggling = True
    for _ in range(rooms.ALERTS):
        alerts._free.acquire()
    alerts._is_struggling = people._is_struggling = True
    assert desk.client.post(f"/intake/native/{KEY}", json=NATIVE).status_code == 503
    assert desk.client.post("/v2/enqueue", json={}).status_code == 503
    assert desk.client.get("/metrics").status_code == 200
    for _ in range(rooms.CALENDARS):
        calendars._free.acquire()
    assert desk.client.get("/calendar/x.ics").status_code == 503
    assert desk.client.get("/metrics").status_code == 200
    for _ in range(rooms.PEOPLE):
        people._free.acquire()
    people._is_struggling = True
    answer = desk.client.get("/incidents")
    assert (answer.status_code, answer.content_type) == (503, "text/html; charset=utf-8")
    assert [desk.client.get(path).status_code for path in ("/readyz", "/metrics")] == [503, 503]
    assert desk.client.get("/healthz").status_code == 200
    with desk.client.get("/incidents/static/console.css") as style:
        assert style.status_code == 200
    assert [desk.client.post(path).status_code for path in ("/plivo/calls/1-1-1/answer", "/slack/actions")] == [403, 403]


def test_an_acknowledgement_by_link_is_taken_while_alerts_fill_their_room(desk: Receiver) -> None:
    """In a storm most of all."""
    incident = desk.trouble()
    for _ in range(rooms.ALERTS):
        desk.app.extensions[rooms.ROOMS][0]._free.acquire()
    browser = desk.browser()
    browser.open(desk.link(incident))
    assert browser.send(f"/incidents/{incident}/acknowledge").status_code == 303
    assert desk.status(incident) == "acknowledged"


def test_the_rooms_leave_a_quarter_of_the_shipped_threads() -> None:
    """What the Procfile starts is what the rooms are made for."""
    line = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("receiver:"))
    words = shlex.split(line)
    assert int(words[words.index("--threads") + 1]) == rooms.THREADS
    assert rooms.THREADS - rooms.ALERTS - rooms.PEOPLE >= rooms.THREADS // 4
