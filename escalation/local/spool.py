"""Where reports wait, in the data folder, while the database (or the receiver elsewhere) cannot take them: one file each, on the disk
before their command ends, handed over later in the order in which they were kept. Not how they are handed over (`report`).

No lock guards it, so nobody who is frozen can hold it. Several may ship at once: each goes on to the next report only when this one
is stored, by whomever, and a report's identity is stored with it, whatever came of it; so a second delivery, however late, changes
nothing. Dying between the delivery and the removal of the file costs that second delivery."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from time import monotonic

from escalation.domain.alert import Action
from escalation.errors import BadSettings, EscalationError, SchemaMismatch, StoreUnavailable
from escalation.local.kept import private
from escalation.local.report import Came, Report

FOLDER = "alert-spool"  # not `spool`: the default data folder of a command in / is /var
HERE = "here"
_EXAMPLE = asdict(Report("", datetime.min, Action.TRIGGER))  # only its types
_NAME = re.compile(r"(?P<number>\d{12})\.(?P<where>[0-9a-f]{8}|here)\.[0-9a-f]{32}\.json")

Deliver = Callable[[Report], Came]
Say = Callable[[str], None]


class SpoolUnusable(EscalationError):
    """Raised when the folder cannot be read or written; says which and why."""


class Corrupt(EscalationError):
    """Raised when a file of the spool holds no report."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the spool: `report` is None for one that cannot be read, `why` says why it was set aside."""

    file: Path
    report: Report | None
    why: str = ""


class Spool:
    """The spool of one data folder. Reading never makes the folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir.absolute() / FOLDER
        self._aside = self.folder / "aside"

    def append(self, report: Report) -> None:
        """On the disk when this returns, after all that was kept before. Raises `SpoolUnusable`."""
        try:
            _made(self.folder)
            self._place(json.dumps(asdict(report), default=datetime.isoformat, indent=1).encode(), report)
        except OSError as error:
            raise SpoolUnusable(f"{self.folder} cannot keep it ({error.strerror})") from None

    def waits(self, url: str) -> bool:
        """Whether something for this place waits: what is raised after it must not overtake it."""
        return any(_where(file) == _place_of(url) for file in self._files(self.folder))

    def is_empty(self) -> bool:
        return not self._files(self.folder)

    def waiting(self) -> list[Kept]:
        return [_kept(file) for file in self._files(self.folder)]

    def set_aside(self) -> list[Kept]:
        """What was refused when it was handed over, or cannot be read."""
        return [_kept(file) for file in self._files(self._aside)]

    def take_back(self) -> None:
        """What was set aside waits again, behind the others."""
        for kept in self.set_aside():
            if kept.report is not None:
                self.append(kept.report)
                _gone(kept.file)

    def ship(self, deliver: Deliver, say: Say, *, url: str | None = None, until: float = inf) -> list[str]:
        """Hands over in order what waits (for this `url` only, if one is given), until that monotonic time. A place that is away keeps
        its own waiting, and why is returned; what it refuses, or nobody can read, is set aside with a line and stops no other. Raises
        `SpoolUnusable`, `SchemaMismatch`, `BadSettings`."""
        away: dict[str, str] = {}
        for file in self._in_order(None if url is None else _place_of(url)):
            if monotonic() > until:
                break
            if _where(file) not in away:
                try:
                    self._ship(file, deliver, say)
                except StoreUnavailable as error:
                    away[_where(file)] = str(error)
        return list(away.values())

    def _in_order(self, where: str | None) -> Iterator[Path]:
        """Each file once, those too that come while we are at it."""
        seen: set[Path] = set()
        while new := [file for file in self._files(self.folder) if file not in seen and where in (None, _where(file))]:
            seen.update(new)
            yield from new

    def _ship(self, file: Path, deliver: Deliver, say: Say) -> None:
        try:
            report = _read(file)
        except FileNotFoundError:
            return  # shipped or set aside by another one, who looked at the same time
        except PermissionError:
            say(f"{file.name} stays: it cannot be read by this user")
        except (OSError, Corrupt) as error:
            self._put_aside(file, str(error) if isinstance(error, Corrupt) else type(error).__name__, say)
        else:
            self._hand_over(file, report, deliver, say)

    def _hand_over(self, file: Path, report: Report, deliver: Deliver, say: Say) -> None:
        """Raises `StoreUnavailable` when its place is away."""
        try:
            came = deliver(report.late())
        except (StoreUnavailable, SchemaMismatch, BadSettings):
            raise
        except EscalationError as error:
            self._put_aside(file, str(error), say)
        except Exception as error:  # one that breaks us must not stop the others; its text may hold anything
            self._put_aside(file, f"a fault of ours ({type(error).__name__})", say)
        else:
            _gone(file)
            say(f"{came.incident or 'no incident'}: {came.what}, raised {report.raised_at:%Y-%m-%d %H:%M:%S} UTC")

    def _put_aside(self, file: Path, why: str, say: Say) -> None:
        """The reason first: whoever finds the file there finds it too."""
        _made(self._aside)
        _written(self._aside / f"{file.name}.why", why.encode())
        try:
            file.replace(self._aside / file.name)
        except FileNotFoundError:
            return
        _synced(self._aside)
        say(f"{file.name} is set aside, in {self._aside}: {why}")

    def _place(self, text: bytes, report: Report) -> None:
        """Under its name only when it is whole and on the disk. Two at the same moment may get the same number, in any order; whoever
        comes after one that was kept gets a greater one."""
        draft = self.folder / f".{report.identity}.draft"
        _written(draft, text)
        number = max((int(file.name[:12]) for file in self._files(self.folder)), default=0) + 1
        draft.replace(self.folder / f"{number:012d}.{_place_of(report.url)}.{report.identity}.json")
        _synced(self.folder)

    def _files(self, folder: Path) -> list[Path]:
        try:
            return sorted(file for file in folder.iterdir() if _NAME.fullmatch(file.name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SpoolUnusable(f"{folder} cannot be read ({error.strerror})") from None


def _kept(file: Path) -> Kept:
    reason = file.with_name(f"{file.name}.why")
    why = reason.read_text() if reason.exists() else ""
    try:
        return Kept(file, _read(file), why)
    except (OSError, Corrupt):
        return Kept(file, None, why or "cannot be read")


def _read(file: Path) -> Report:
    try:
        told = json.loads(file.read_bytes())
        raised_at = datetime.fromisoformat(told["raised_at"])
        report = Report(**{**told, "raised_at": raised_at, "action": Action(told["action"])})
    except (ValueError, TypeError, KeyError, RecursionError):  # its text quotes what is in the file
        raise Corrupt("no report is in it") from None
    if any(type(getattr(report, name)) is not type(example) for name, example in _EXAMPLE.items()):
        raise Corrupt("no report is in it")
    return report


def _where(file: Path) -> str:
    return file.name.split(".")[1]


def _place_of(url: str) -> str:
    """In a file's name, so that nobody need be read to know what waits for whom."""
    return hashlib.sha256(url.encode()).hexdigest()[:8] if url else HERE


def _made(folder: Path) -> None:
    """The folder, closed to everybody else, and its name on the disk. Made by root it belongs to whom the data folder belongs: else
    the site's own processes could not ship what was kept there."""
    if not folder.is_dir():
        _made(folder.parent)
        private(folder)
        _belongs(folder)
        _synced(folder.parent)


def _written(file: Path, text: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as open_file:
        open_file.write(text)
        open_file.flush()
        os.fsync(handle)
    _belongs(file)


def _belongs(path: Path) -> None:
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _gone(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.with_name(f"{file.name}.why").unlink(missing_ok=True)
