"""Monitors: so many alerts over so many seconds, each sent again every half second until it is answered 2xx, as a monitor does. Notes when
each was accepted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import monotonic, sleep, time

import httpx

from tests.chaos.people import Trouble

AGAIN, GIVE_UP = 0.5, 90.0  # seconds


class Monitors:
    """`accepted` is when (epoch seconds) the 2xx of each came, by the trouble's index; `refused` how often one had to come again."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/intake/native"
        self.accepted: dict[int, float] = {}
        self.refused = 0
        self._threads: list[threading.Thread] = []

    def send(self, some: Sequence[Trouble], seconds: float) -> None:
        """Spread evenly; returns when all were begun."""
        for trouble in some:
            thread = threading.Thread(target=self._insist, args=(trouble,), daemon=True)
            thread.start()
            self._threads.append(thread)
            sleep(seconds / len(some))

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(GIVE_UP)

    def _insist(self, trouble: Trouble) -> None:
        end = monotonic() + GIVE_UP
        while monotonic() < end and not self._is_accepted(trouble):
            self.refused += 1
            sleep(AGAIN)

    def _is_accepted(self, trouble: Trouble) -> bool:
        headers = {"X-Intake-Key": trouble.key, "Content-Type": "application/json"}
        try:
            answer = httpx.post(self._url, content=trouble.body(), headers=headers, timeout=10, trust_env=False)
        except httpx.HTTPError:
            return False
        if answer.status_code == 202:
            self.accepted[trouble.index] = time()
        return answer.status_code == 202
