"""A real RabbitMQ for a test run: the machine's own programs with folders, node name, cookie, ports and user of their own, all on
loopback; Erlang's port mapper too. And virtual hosts on it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from kombu import Connection

from escalation.local.broker import free_port
from escalation.local.supervisor import Child, Supervisor
from tests.processes import environment
from tests.servers.run import NoServer, alone

CURE = "no RabbitMQ on this machine: apt-get install rabbitmq-server, or name a server in ESCALATION_TEST_RABBITMQ"
PLACES = ("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin", "usr/lib64/rabbitmq/lib/rabbitmq_server-*/sbin", "opt/rabbitmq/sbin")
USER = "escalation"
QUEUES = ("pages", "chores", "incident-events", "incident-events.rejected")
_numbers = count(1)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Yields the URL of its default virtual host; raises `NoServer`."""
    with node(folder) as (_, url):
        yield url


@contextmanager
def node(folder: Path) -> Iterator[tuple[Supervisor, str]]:
    """For tests that end or freeze it: the child is called `rabbitmq`."""
    programs, port, password = found(), free_port(), secrets.token_urlsafe(12)
    known = _environment(folder, port)
    (folder / "rabbitmq.conf").write_text(f"default_user = {USER}\ndefault_pass = {password}\n")
    (folder / "plugins").write_text("[].\n")
    (folder / "ctl.json").write_text(json.dumps({"program": str(programs / "rabbitmqctl"), "environment": known}))
    mapper = Child("epmd", (_epmd(), "-relaxed_command_check"), known, rank=0)
    url = f"amqp://{USER}:{password}@127.0.0.1:{port}//"
    server = Child("rabbitmq", (str(programs / "rabbitmq-server"),), known, lambda: answers(url), rank=1)
    with Supervisor(folder / "log", grace=1) as supervisor:
        supervisor.start(mapper)
        supervisor.start(server, timeout=60)
        yield supervisor, url
        if pid := supervisor.pid("rabbitmq"):
            os.killpg(pid, signal.SIGKILL)  # it keeps nothing that anybody wants, and takes seconds to say goodbye


def found(places: Sequence[str] = PLACES) -> Path:
    """The folder of its programs, not of Debian's wrappers, which change the user."""
    installed = [folder for place in places for folder in sorted(Path("/").glob(place), reverse=True)]
    on_path = [Path(program).resolve().parent for program in [shutil.which("rabbitmq-server")] if program]
    for folder in [*installed, *on_path]:
        if (folder / "rabbitmq-server").exists() and (folder / "rabbitmq-env").exists():
            return folder
    raise NoServer(CURE)


def _epmd() -> str:
    program = shutil.which("epmd")
    if program is None:
        raise NoServer(CURE)
    return program


def _environment(folder: Path, port: int) -> dict[str, str]:
    return environment(
        HOME=str(folder),  # the cookie
        ERL_EPMD_ADDRESS="127.0.0.1",
        ERL_EPMD_PORT=str(free_port()),
        RABBITMQ_NODENAME="escalation-test@localhost",
        RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
        RABBITMQ_NODE_PORT=str(port),
        RABBITMQ_DIST_PORT=str(free_port()),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 2:2",
        RABBITMQ_MNESIA_BASE=str(folder / "mnesia"),
        RABBITMQ_LOG_BASE=str(folder / "log"),
        RABBITMQ_LOGS="-",
        RABBITMQ_PID_FILE=str(folder / "pid"),
        RABBITMQ_CONF_ENV_FILE=str(folder / "rabbitmq-env.conf"),
        RABBITMQ_CONFIG_FILE=str(folder / "rabbitmq"),
        RABBITMQ_ADVANCED_CONFIG_FILE=str(folder / "advanced"),
        RABBITMQ_GENERATED_CONFIG_DIR=str(folder / "generated"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "plugins"),
    )


def answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=1) as connection:
            connection.connect()
            return True
    except (OSError, *Connection(url).connection_errors):
        return False


def virtual_host(server: Path) -> str:
    """The URL of an empty virtual host on the run's server, whose folder this is."""
    name = f"test-{os.getpid()}-{next(_numbers)}"
    told = json.loads((server / "ctl.json").read_text())
    all_of_it = ", ".join(f'<<"{word}">>' for word in (USER, name, ".*", ".*", ".*", "test"))
    code = f'rabbit_vhost:add(<<"{name}">>, <<"test">>), rabbit_auth_backend_internal:set_permissions({all_of_it}).'
    subprocess.run([told["program"], "-q", "eval", code], env=told["environment"], capture_output=True, check=True, timeout=60)
    return urlsplit((server / "url").read_text())._replace(path=f"/{name}").geturl()


@contextmanager
def emptied(url: str) -> Iterator[None]:
    """Somebody's virtual host without our queues, for one test process at a time."""
    with alone("rabbitmq"), Connection(url) as connection:
        for queue in QUEUES:
            connection.default_channel.queue_delete(queue)
        yield
