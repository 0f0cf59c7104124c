"""The embedded broker: that it is private, keeps what it was given, and is found where the settings say."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from escalation.local.broker import _runs, broker_url, client_url, default_broker_url
from escalation.nudge import celery_app
from escalation.settings import Settings
from tests.processes import running_broker, until


def long_folder(tmp_path: Path) -> Path:
    return tmp_path / ("x" * 100)


def test_it_listens_on_a_socket_that_only_we_may_open(tmp_path: Path) -> None:
    """No port at all: nobody else on the machine can put a task into the queue."""
    with running_broker(tmp_path) as (_, broker):
        path = Path(urlsplit(broker.url).path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert broker.url == default_broker_url(tmp_path) == broker_url(Settings(data_dir=tmp_path))
        with redis.Redis.from_url(client_url(broker.url)) as client:
            assert client.config_get("port")["port"] == "0"
            assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


def test_what_it_was_given_survives_its_own_death(tmp_path: Path) -> None:
    """Killed and started again by the supervisor, it still has the queue."""
    with running_broker(tmp_path) as (supervisor, broker), redis.Redis.from_url(client_url(broker.url)) as client:
        client.lpush("queue", "hint")
        pid = supervisor.pid("broker")
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: supervisor.pid("broker") not in (None, pid) and broker.answers())
        assert client.lrange("queue", 0, -1) == [b"hint"]


def test_a_folder_s_name_may_have_anything_in_it(tmp_path: Path) -> None:
    """Both clients, and the server's configuration file, read the same path."""
    folder = tmp_path / "a b%20ü#?"
    with running_broker(folder) as (_, broker):
        app = celery_app("test", broker.url)
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1)
        app.close()


def test_a_path_too_long_for_a_socket_falls_back_to_loopback_with_a_password(tmp_path: Path) -> None:
    """Whoever has not read the folder (0700) cannot speak to it."""
    folder = long_folder(tmp_path)
    with running_broker(folder) as (_, broker):
        parts = urlsplit(broker.url)
        assert (parts.scheme, parts.hostname) == ("redis", "127.0.0.1")
        assert broker.url == default_broker_url(folder)
        stranger = redis.Redis("127.0.0.1", parts.port or 0)
        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    kept = folder / "broker" / "broker.url"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize(("length", "scheme"), [(107, "redis+socket"), (108, "redis")])
def test_the_limit_is_that_of_a_socket_s_path(tmp_path: Path, length: int, scheme: str) -> None:
    """108 bytes with the closing NUL; longer, and bind fails with words nobody understands."""
    rest = length - len(os.fsencode(tmp_path)) - len("/broker/broker.sock") - 1
    folder = tmp_path / ("x" * rest)
    assert urlsplit(default_broker_url(folder)).scheme == scheme


def test_a_site_s_own_broker_wins() -> None:
    """The embedded one is for machines that have none."""
    assert broker_url(Settings(broker_url="amqp://rabbit//")) == "amqp://rabbit//"


def test_a_binary_that_does_not_run_here_is_passed_over(tmp_path: Path) -> None:
    """Another libc, another machine: the trial says so before the supervisor would start it for ever."""
    broken = tmp_path / "valkey-server"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    assert not _runs(broken)
    assert not _runs(tmp_path / "nothing")
