"""The watcher against the real sandbox: a site goes out, phones and mailboxes hear of it, and the clock is moved by hand."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from escalation.domain.roster import Channel
from escalation.local.watch.probe import Probe
from escalation.local.watch.voice import Voice
from escalation.local.watch.watcher import Patience, Watcher
from escalation.local.watch.ways import Way, ways
from escalation.sandbox.server import Server
from escalation.settings import Settings
from tests.carriers.stubs import StubServer, closed_port, serving
from tests.fakes import FakeClock
from tests.processes import environment, until
from tests.webhooks.receiver import Receiver, receiver

ANN = "+15550100001"
SCRIPT = f"""
phones:
  "{ANN}": {{name: Ann, habit: answers, after: 0.1}}
"""
READY, OUT = (200, b'{"status": "ready"}'), (503, json.dumps({"faults": [{"what": "timekeeper"}]}).encode())


@pytest.fixture
def carrier() -> Iterator[Server]:
    with Server(script=SCRIPT, smtp_port=0, speed=20) as server:
        yield server


@pytest.fixture
def settings(carrier: Server) -> Settings:
    account = carrier.world.account
    return replace(
        Settings(),
        plivo_auth_id=account.auth_id,
        plivo_auth_tokens=(account.auth_token,),
        plivo_from_number="+15550109999",
        plivo_api_url=carrier.url,
        smtp_url=f"smtp://127.0.0.1:{carrier.smtp_port}",
        mail_from="watch@example.org",
        watch_phones=(ANN,),
        watch_mails=("lee@example.org",),
    )


class Tower:
    """A watcher of some sites, each of which answers as it is told; by the carriers of the sandbox."""

    def __init__(self, carrier: Server, settings: Settings, *sites: str, voice: Voice | None = None) -> None:
        self.world = carrier.world
        self.clock = FakeClock()
        url = f"http://127.0.0.1:{voice.port}" if voice else ""
        self.ways: tuple[Way, ...] = ways(settings, url, self.clock)
        self.watcher = Watcher([Probe(site) for site in sites], self.ways, self.clock, Patience(), voice)

    def looks(self, times: int = 3) -> None:
        for _ in range(times):
            self.watcher.turn()
            self.clock.move(seconds=20)

    @property
    def texts(self) -> list[str]:
        """As Ann's phone has them, when the sandbox has brought as many as were sent."""
        return [text.body for text in self.world.phone(ANN).texts]

    def reads(self, number: int) -> str:
        assert until(lambda: len(self.texts) >= number), f"only {len(self.texts)} texts came"
        assert len(self.texts) == number
        return self.texts[-1]

    @property
    def mails(self) -> list[str]:
        return [f"{mail.subject}\n{mail.text}" for mail in self.world.mailbox]


@pytest.fixture
def site() -> Iterator[StubServer]:
    with serving(lambda path: READY) as stub:
        yield stub


def test_the_last_resort_hears_of_an_outage_again_after_a_quarter_of_an_hour_and_of_its_end(
    carrier: Server, settings: Settings, site: StubServer
) -> None:
    """By text and by mail, by the watcher's own credentials; and nothing in between."""
    tower = Tower(carrier, settings, site.url)
    tower.looks(5)
    site.answer = lambda path: OUT
    tower.looks(2)
    assert tower.mails == []
    tower.looks(1)
    text = tower.reads(1)
    assert text.startswith(
        f"CRITICAL WATCH {site.url.removeprefix('http://')}: The pager itself is out since 03:01 UTC (not ready: timekeeper)"
    )
    tower.looks(44)
    assert len(tower.mails) == 1
    tower.looks(1)
    tower.reads(2)
    site.answer = lambda path: READY
    tower.looks(3)
    assert "ready again, it was out from 03:01 to 03:18 UTC" in tower.reads(3)
    assert len(tower.mails) == 3
    tower.looks(50)
    assert (len(tower.texts), len(tower.mails)) == (3, 3)
    assert not carrier.world.unexpected


def test_each_mail_is_one_of_its_own(carrier: Server, settings: Settings, site: StubServer) -> None:
    """Servers drop a second mail with an id that they know."""
    site.answer = lambda path: OUT
    tower = Tower(carrier, replace(settings, watch_phones=()), site.url)
    tower.looks(3 + 45 * 2)
    ids = [mail.message["Message-ID"] for mail in carrier.world.mailbox]
    assert len(set(ids)) == 3


def test_a_site_that_is_well_is_not_told_of(carrier: Server, settings: Settings, site: StubServer) -> None:
    """Of several, only the one that is out; a site that hangs up or is not there is out too."""
    with serving(lambda path: None) as broken:
        tower = Tower(carrier, settings, site.url, broken.url, f"http://127.0.0.1:{closed_port()}")
        tower.looks(3)
        tower.reads(2)
    assert not any(site.url.removeprefix("http://") in text for text in tower.texts)
    assert len(tower.mails) == 2


def test_a_carrier_that_is_down_is_tried_again_until_it_takes_it(carrier: Server, settings: Settings, site: StubServer) -> None:
    """The mail went out once; the text follows when Plivo is back."""
    site.answer = lambda path: OUT
    refused = carrier.world.faults.answer(429, on="*", times=2)
    tower = Tower(carrier, settings, site.url)
    tower.looks(5)
    tower.reads(1)
    assert (len(tower.mails), refused.times) == (1, 0)


def test_a_phone_is_called_where_plivo_can_fetch_the_words(carrier: Server, settings: Settings, site: StubServer) -> None:
    """It hears what is out, twice; and it does not ring again for the end of it."""
    site.answer = lambda path: OUT
    voice = Voice("127.0.0.1", 0)
    try:
        tower = Tower(carrier, settings, site.url, voice=voice)
        tower.looks(3)
        phone = carrier.world.phone(ANN)
        assert until(lambda: "Once more" in " ".join(phone.heard))
        assert "The pager itself is out since" in " ".join(phone.heard)
        assert voice.asked.is_set()
        site.answer = lambda path: READY
        tower.looks(3)
        tower.reads(2)
        assert len(phone.calls) == 1
    finally:
        voice.close()


def test_without_an_address_for_it_nobody_is_called(carrier: Server, settings: Settings, site: StubServer) -> None:
    """A call that says nothing is worse than none; and no text names an address that does not exist."""
    tower = Tower(carrier, settings, site.url)
    assert {way.channel for way in tower.ways} == {Channel.SMS, Channel.EMAIL}
    assert tower.watcher.test()
    assert "This is a test of the pager's watcher" in tower.reads(1)
    assert not carrier.world.unexpected


def test_neither_numbers_nor_credentials_are_in_the_log(
    carrier: Server, settings: Settings, site: StubServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Ways are named by their place."""
    site.answer = lambda path: OUT
    with caplog.at_level(logging.INFO, "escalation"):
        Tower(carrier, replace(settings, plivo_auth_tokens=("wrong-token",)), site.url).looks(3)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("escalation"))
    assert "text 1: " in ours
    assert "e-mail 1: taken by email" in ours
    assert not re.search(r"5550100001|wrong-token|lee@|" + settings.plivo_auth_id, ours)


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None: ...


@pytest.fixture
def pager(tmp_path: Path) -> Iterator[tuple[Receiver, str]]:
    """The real receiver on a socket; nobody keeps time behind it unless somebody says so."""
    real = receiver(tmp_path)
    server = make_server("127.0.0.1", 0, real.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield real, f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(5)
    server.server_close()
    real.system.store.dispose()


def beats(pager: Receiver, *processes: str) -> None:
    with pager.system.store.transaction() as tx:
        for process in processes:
            tx.beat(process)


def test_a_real_pager_whose_timekeeper_died_is_out(carrier: Server, settings: Settings, pager: tuple[Receiver, str]) -> None:
    """By its own `/readyz`: half a minute of silence, and the watcher tells which process."""
    real, url = pager
    tower = Tower(carrier, replace(settings, watch_phones=()), url)
    beats(real, "timekeeper", "worker pages", "worker chores")
    tower.looks(3)
    assert tower.mails == []
    real.clock.after(seconds=31)
    beats(real, "worker pages", "worker chores")
    tower.looks(3)
    assert "(not ready: timekeeper)" in tower.mails[0]
    beats(real, "timekeeper")
    tower.looks(3)
    assert "ready again" in tower.mails[1]


@pytest.mark.slow
def test_it_runs_as_a_process_without_any_database_and_ends_when_told(
    carrier: Server, settings: Settings, tmp_path: Path
) -> None:
    """On another machine: nothing but the environment. SIGTERM ends it at once, with exit code 0."""
    told = environment(
        PLIVO_AUTH_ID=settings.plivo_auth_id,
        PLIVO_AUTH_TOKEN=settings.plivo_auth_tokens[0],
        PLIVO_FROM_NUMBER=settings.plivo_from_number,
        PLIVO_API_URL=settings.plivo_api_url,
        ESCALATION_WATCH_PHONES=ANN,
    )
    site = f"http://127.0.0.1:{closed_port()}"
    argv = [sys.executable, "-m", "escalation", "watch", "--site", site, "--every", "3600", "--bad", "1"]
    with subprocess.Popen(argv, env=told, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert until(lambda: carrier.world.phone(ANN).texts)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == f"watching {site.removeprefix('http://')}; told: text 1\n"
    assert ANN.removeprefix("+") not in out + err
    assert list(tmp_path.iterdir()) == []


def test_a_round_that_fails_stops_no_other(carrier: Server, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong in it, the next one comes."""

    class Torn(Probe):
        looked = 0

        def fault(self) -> str:
            Torn.looked += 1
            if Torn.looked > 2:
                stopped.set()
            raise MemoryError

    stopped = threading.Event()
    watcher = Watcher(
        [Torn("http://127.0.0.1")], ways(settings, "", FakeClock()), FakeClock(), Patience(every=timedelta(0)), None
    )
    watcher.run(stopped)
    assert Torn.looked == 3
    assert "a fault of ours: MemoryError" in caplog.text
