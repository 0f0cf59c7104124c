"""The chain is visible and discreet: an incident's tasks as Flower shows them, and everything that could have been overheard: the broker's
traffic and files, Flower's answers, the programs' logs."""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from escalation.local.broker import client_url
from tests.system.programs import until
from tests.system.site import KEYS, Site

SUMMARY = "The vault in Timbuktu stands open"
PERSONAL = ("5550100001", "5550100002", "5550100003", "5550109999", ".secret@", "timbuktu", "ann example", "bob example")
ENCODED = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


class Wiretap(threading.Thread):
    """Hears every command the broker gets, until the broker ends."""

    def __init__(self, url: str) -> None:
        super().__init__(name="wiretap", daemon=True)
        self._url = client_url(url)
        self._heard: list[str] = []

    def run(self) -> None:
        try:
            with redis.Redis.from_url(self._url) as client, client.monitor() as monitor:
                self._heard += ["listening"]
                for command in monitor.listen():
                    self._heard.append(str(command["command"]))
        except redis.RedisError:
            return

    def start(self) -> None:
        super().start()
        until(lambda: self._heard, 10, lambda: "the broker is not heard")

    def heard(self) -> str:
        return opened("\n".join(self._heard))


def opened(text: str) -> str:
    """The text and all that lies in it encoded: kombu sends bodies as base64."""
    return "\n".join([text, *(found for word in ENCODED.findall(text) if (found := decoded(word)))])


def decoded(word: str) -> str:
    try:
        return base64.b64decode(word + "=" * (-len(word) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def everything_in(url: str) -> str:
    """All keys of the broker with their values."""
    reads = {
        b"list": ("LRANGE", 0, -1),
        b"set": ("SMEMBERS",),
        b"hash": ("HGETALL",),
        b"zset": ("ZRANGE", 0, -1),
        b"string": ("GET",),
    }
    with redis.Redis.from_url(client_url(url)) as client:
        kept = {key: reads[client.type(key)] for key in client.scan_iter()}
        found = [(key, client.execute_command(read, key, *more)) for key, (read, *more) in kept.items()]
    return opened(str(found))


class Flower:
    """Flower as an operator's program asks it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._auth = ("ops", site.password)

    def __call__(self, path: str) -> str:
        return self._site.http.get(self._site.flower_url + path, auth=self._auth).raise_for_status().text

    def tasks(self, search: str = "") -> dict[str, dict[str, object]]:
        return dict(json.loads(self(f"/api/tasks?search={search}")))

    def listens(self) -> bool:
        """Its events come through: it has heard the workers' heartbeats. What it missed before that it will never know."""
        return {"pages", "chores"} <= {str(w["hostname"]).partition("@")[0] for w in json.loads(self("/workers?json=1"))["data"]}

    def everything(self) -> Mapping[str, str]:
        """Whatever it shows or answers."""
        paths = [
            "/",
            "/workers?json=1",
            "/api/workers?refresh=1",
            "/api/tasks",
            "/api/queues/length",
            "/tasks",
            "/broker",
            "/metrics",
        ]
        paths += [
            "/tasks/datatable?draw=1&start=0&length=99&search[value]=INC-1&order[0][column]=0&order[0][dir]=asc&columns[0][data]=name"
        ]
        paths += [page for task in self.tasks() for page in (f"/api/task/info/{task}", f"/task/{task}")]
        return {path: self(path) for path in paths}

    def refuses(self) -> None:
        """Nobody without the password, and even with it nothing is changed."""
        site, url = self._site, self._site.flower_url
        assert site.http.get(f"{url}/api/tasks").status_code == 401
        assert site.http.post(f"{url}/api/task/revoke/INC-1.s1.a1.t1", auth=self._auth).status_code == 403
        assert site.http.post(f"{url}/api/task/async-apply/page_by_voice", auth=self._auth, json={"args": [1]}).status_code == 403


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """In a folder whose name is too long for a socket: then the broker listens on loopback and has a password that could be seen."""
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    with Site(folder) as site:
        yield site


@pytest.mark.slow
def test_the_chain_of_an_incident_is_seen_in_flower_and_nothing_personal_anywhere(site: Site) -> None:
    """Call, text, next step: each task named by its incident, caused by the one before. No number, address, word or secret beside it."""
    site.start("broker", "flower", "pages", "chores", "timekeeper", "receiver")
    tap, flower = Wiretap(site.broker.url), Flower(site)
    tap.start()
    until(flower.listens, 30, site.story)
    site.ann.does(habit="ignores", after=0.3)
    site.bob.does(habit="answers", after=0.3, presses="1", wait=0.3)
    incident, _ = site.alert("shop", "vault", SUMMARY)
    other, _ = site.alert("bank", "vault", SUMMARY)
    site.ann.reads(f"INC-{incident}")
    site.bob.rang()
    site.bob.hears("acknowledged")
    site.is_acknowledged(incident, "bob")
    until(lambda: len(done(flower.tasks())) >= 4, 20, lambda: str(flower.tasks()))
    chain_is_told(flower, incident, other)
    flower.refuses()
    shown, stored = flower.everything(), everything_in(site.broker.url)
    site["broker"].kill()
    tap.join(10)
    overheard = {**shown, **site.logs(), "stored": stored, "heard": tap.heard(), "files": files(site.folder / "broker")}
    # The search would be worth nothing if it could not read what it looks through.
    assert '[[1], {}, {"callbacks"' in overheard["heard"]
    assert "task-succeeded" in overheard["heard"]
    assert f"INC-{incident}.s1.a1.t1" in overheard["files"]
    assert "INC-1.s1.a1.t1" in overheard["pages"]
    assert "/intake/alertmanager/***" in overheard["receiver"]
    assert leaks(overheard, PERSONAL) == []
    assert leaks(overheard, (*KEYS.values(), *secrets_of(site))) == []


def chain_is_told(flower: Flower, incident: int, other: int) -> None:
    name = f"INC-{incident}"
    tasks = flower.tasks(name)
    # Who caused it, and what it is about; the arguments are a row's number.
    told = {task: (t["name"], t["parent_id"], t["kwargs"]) for task, t in tasks.items()}
    assert told == {
        f"{name}.s1.a1.t1": ("page_by_voice", None, about(name, "1", "ann")),
        f"{name}.s1.a2.t1": ("send_text", f"{name}.s1.a1.t1", about(name, "1", "ann")),
        f"{name}.s2.a3.t1": ("page_by_voice", f"{name}.s1.a2.t1", about(name, "2", "bob")),
    }
    assert {t["root_id"] for t in tasks.values()} == {name}
    assert all(re.fullmatch(r"\(\d+,\)", str(t["args"])) for t in tasks.values())
    assert set(flower.tasks(f"kwargs:incident={name}")) == set(tasks)
    assert set(flower.tasks(f"INC-{other}")) == {f"INC-{other}.s1.a1.t1"}


def about(incident: str, step: str, who: str) -> str:
    return repr({"incident": incident, "step": step, "who": who})


def done(tasks: Mapping[str, Mapping[str, object]]) -> list[str]:
    return [task for task, told in tasks.items() if told["state"] == "SUCCESS"]


def files(folder: Path) -> str:
    """What the broker wrote to disk of the commands it got; its configuration holds its password, as it must."""
    return "\n".join(opened(path.read_bytes().decode(errors="replace")) for path in folder.rglob("*.aof"))


def secrets_of(site: Site) -> list[str]:
    secrets = [
        site.settings.secret_key,
        site.password,
        *site.settings.plivo_auth_tokens,
        urlsplit(site.broker.url).password or "",
    ]
    assert all(secrets), "each of them could be looked for"
    return secrets


def leaks(overheard: Mapping[str, str], words: tuple[str, ...]) -> list[str]:
    """Where a word was found; the words stay out of the test's own report."""
    return [
        f"{where} has word {n}"
        for where, text in overheard.items()
        for n, word in enumerate(words)
        if word.lower() in text.lower()
    ]
