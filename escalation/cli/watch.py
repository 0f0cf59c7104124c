"""`escalation watch`: runs the watcher until it is told to stop. Arguments and words only; what it does is in `local.watch`."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import click

from escalation.build import quieten
from escalation.cli.shell import Refused, Shell
from escalation.clock import SystemClock
from escalation.errors import BadInput
from escalation.local.up import bind_address
from escalation.local.watch.probe import Probe
from escalation.local.watch.voice import Voice
from escalation.local.watch.watcher import Patience, Watcher
from escalation.local.watch.ways import ways

PICKED_UP = 60.0  # seconds: to ring, and to pick up


@click.command()
@click.option(
    "--site", "sites", multiple=True, required=True, help="https://pager.example.org; its /readyz is asked. Repeatable."
)
@click.option("--every", type=click.IntRange(1, 3600), default=20, show_default=True, help="Seconds between two looks.")
@click.option("--bad", type=click.IntRange(1, 100), default=3, show_default=True, help="Bad looks in a row that make an outage.")
@click.option("--again", type=click.IntRange(1, 1440), default=15, show_default=True, help="Minutes until it is told again.")
@click.option("--answer-url", default="", help="Where Plivo reaches this process: then phones are called too.")
@click.option("--bind", default="127.0.0.1:8010", show_default=True, help="HOST:PORT to answer Plivo on, with --answer-url.")
@click.option("--test", is_flag=True, help="Only tell everybody that this is a test; fails unless every way took it.")
@click.pass_obj
def watch(shell: Shell, sites: tuple[str, ...], every: int, bad: int, again: int, answer_url: str, bind: str, test: bool) -> None:
    """Watch pagers from another machine, and page the last resort when one stays bad."""
    probes = _probes(sites)
    clock = SystemClock()
    found = ways(shell.settings, _checked(answer_url), clock)
    voice = _voice(bind) if answer_url else None
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    quieten()
    patience = Patience(bad, timedelta(seconds=every), timedelta(minutes=again))
    watcher = Watcher(probes, found, clock, patience, voice)
    if test:
        _test(watcher, voice)
    else:
        click.echo(f"watching {', '.join(p.name for p in probes)}; told: {', '.join(way.name for way in found)}")
        watcher.run(_stopped())


def _test(watcher: Watcher, voice: Voice | None) -> None:
    if not watcher.test():
        raise Refused("not every way took the test: see the lines above")
    if voice and not voice.asked.wait(PICKED_UP):
        raise Refused("nobody picked up, or Plivo does not reach us at --answer-url")


def _probes(sites: tuple[str, ...]) -> list[Probe]:
    faults, probes = [], []
    for place, site in enumerate(sites, 1):
        try:
            probes.append(Probe(site))
        except ValueError as error:
            faults.append(f"--site, number {place}: {error}")
    if faults:
        raise BadInput(faults)
    return probes


def _checked(answer_url: str) -> str:
    parts = urlsplit(answer_url)
    if answer_url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
        raise BadInput(["--answer-url: not an address like https://watch.example.org"])
    return answer_url.rstrip("/")


def _voice(bind: str) -> Voice:
    host, _, port = bind_address(bind).rpartition(":")
    try:
        return Voice(host.strip("[]"), int(port))
    except OSError as error:
        raise BadInput([f"--bind: {error.strerror or type(error).__name__}"]) from None


def _stopped() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
