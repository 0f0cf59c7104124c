"""The watcher: look at each site, tell the last resort when one stays bad, again from time to time, and when it is back. A small process for
another machine; it needs neither database nor broker. Not the single look (`probe`), not the telling (`ways`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.domain.roster import Channel
from escalation.domain.wording import Brief
from escalation.errors import Verdict
from escalation.local.watch.outage import News, Outage
from escalation.local.watch.probe import Probe
from escalation.local.watch.voice import Voice
from escalation.local.watch.ways import Way, is_a_test, is_back, is_out, spoken
from escalation.ports import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """`looks` bad ones in a row, `every` so often; told `again` after so long."""

    looks: int = 3
    every: timedelta = timedelta(seconds=20)
    again: timedelta = timedelta(minutes=15)


class Watcher:
    """`voice` only where calls are among the ways."""

    def __init__(
        self, probes: Sequence[Probe], ways: Sequence[Way], clock: Clock, patience: Patience, voice: Voice | None
    ) -> None:
        self._sites = [(probe, Outage(patience.looks, patience.again)) for probe in probes]
        self._ways = {way.name: way for way in ways}
        self._clock = clock
        self._every = patience.every
        self._voice = voice
        self._number = 0

    def run(self, stopped: threading.Event) -> None:
        """Until it is told to stop; whatever happens in a turn, there is a next one."""
        while not stopped.is_set():
            try:
                self.turn()
            except Exception as error:
                log.error("a fault of ours: %s", type(error).__name__)
            stopped.wait(self._every.total_seconds())

    def turn(self) -> None:
        """Looks at all sites at once, so that one which is silent delays none."""
        with ThreadPoolExecutor(len(self._sites), "look") as pool:
            faults = list(pool.map(lambda site: site[0].fault(), self._sites))
        for place, ((probe, outage), fault) in enumerate(zip(self._sites, faults, strict=True), 1):
            self._judge(place, probe.name, outage, fault)

    def test(self) -> bool:
        """Tells everybody that this is a test; whether every way took it."""
        verdicts = self._tell(list(self._ways), is_a_test(self._clock.now()))
        return all(verdict is None for verdict in verdicts.values())

    def _judge(self, place: int, site: str, outage: Outage, fault: str) -> None:
        now, known = self._clock.now(), outage.fault
        news = outage.hear(fault, now)
        if fault and fault != known:
            log.warning("%s: %s", site, fault)
        if news is News.BACK and outage.since:
            log.warning("%s: ready again", site)
            self._say_it_is_over(place, site, outage, outage.since, now)
        elif outage.since and (due := outage.due(list(self._ways), now)):
            brief = is_out(place, site, outage.fault, outage.since)
            outage.came(self._tell(due, brief), now)

    def _say_it_is_over(self, place: int, site: str, outage: Outage, since: datetime, now: datetime) -> None:
        """To whoever was told, but nobody's phone rings for it."""
        told = [name for name in outage.end() if self._ways[name].channel is not Channel.VOICE]
        self._tell(told, is_back(place, site, since, now))
        if self._voice:
            self._voice.words.pop(place, None)

    def _tell(self, names: Sequence[str], brief: Brief) -> dict[str, Verdict | None]:
        self._number += 1
        if self._voice:
            self._voice.words[brief.incident_id] = spoken(brief)
        return {name: self._ways[name].tell(brief, self._number) for name in names}
