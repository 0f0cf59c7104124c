"""`python -m tests.servers.guardian KIND[.WHOSE] FOLDER`: starts a server for a test run, and ends it when the run is over or dead. Returns
when the server is ready (its `url` is in the folder) or cannot be had (`fault`); what stays behind is the guardian."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from escalation.errors import EscalationError
from tests.servers import postgresql, rabbitmq, valkey
from tests.servers.run import NoServer

SERVERS: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "postgresql": postgresql.running,
    "rabbitmq": rabbitmq.running,
    "redis": valkey.running,
}


def main(kind: str, folder: Path) -> int:
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        return 0 if os.read(told, 1) else 1
    os.close(told)
    os.setsid()  # Ctrl-C in the terminal is for the run
    os.chdir(folder)  # wherever the run was started, the unprivileged user may have no business there
    guard(kind, folder, lambda: os.write(tell, b"."))
    return 0


def guard(kind: str, folder: Path, ready: Callable[[], object]) -> None:
    with (folder.parent / f"{kind}.guard").open("w") as lock, (folder.parent / "alive").open("rb", buffering=0) as alive:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with server(kind)(folder) as url:
                (folder / "url").write_text(url)
                ready()
                alive.read(1)  # ends when nobody holds the other end: the run is over, or was killed
        except (NoServer, EscalationError) as fault:
            (folder / "fault").write_text(str(fault))
        else:
            _clear(folder)


def server(kind: str) -> Callable[[Path], AbstractContextManager[str]]:
    try:
        return SERVERS[kind.partition(".")[0]]
    except KeyError:
        raise NoServer(f"no such server: {kind}") from None


def _clear(folder: Path) -> None:
    """The last of a run's guardians takes the run's folder with it: a run that was killed could not."""
    shutil.rmtree(folder, ignore_errors=True)
    if not any(path.is_dir() for path in folder.parent.iterdir()):
        shutil.rmtree(folder.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
