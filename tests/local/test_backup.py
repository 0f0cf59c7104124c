"""A backup's file: private, whole under its name or not there, and refused when it is not one."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from escalation.errors import BadInput
from escalation.local import backup
from escalation.store import schema
from escalation.store.backup import NotEmpty
from tests.carriers.stubs import closed_port
from tests.webhooks.receiver import Receiver, receiver


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    made = receiver(tmp_path / "site")
    made.trouble()
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def test_it_is_for_its_owner_only(desk: Receiver, file: Path) -> None:
    """There are phone numbers and intake keys in it."""
    backup.write(desk.system.settings.sql_url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir() if not path.is_dir()] == ["backup"]


def test_one_that_fails_leaves_the_one_of_yesterday(file: Path) -> None:
    """Half a backup in its place would be found out on the day it is needed."""
    file.write_bytes(b"yesterday")
    with pytest.raises(Exception, match="database"):
        backup.write(f"postgresql://x:y@127.0.0.1:{closed_port()}/z", file)
    assert file.read_bytes() == b"yesterday"
    assert list(file.parent.iterdir()) == [file]


def test_where_nothing_can_be_written_it_says_so(desk: Receiver, tmp_path: Path) -> None:
    """By the file's name."""
    with pytest.raises(BadInput, match="nowhere/backup cannot be written"):
        backup.write(desk.system.settings.sql_url, tmp_path / "nowhere" / "backup")


def test_it_comes_back(desk: Receiver, file: Path, tmp_path: Path) -> None:
    """As of when, and how many are open: what somebody has to look at."""
    backup.write(desk.system.settings.sql_url, file)
    url = f"sqlite:///{tmp_path}/new/escalation.sqlite"
    site = backup.restore(url, file)
    assert site.opened == 1
    assert stat.S_IMODE((tmp_path / "new" / "escalation.sqlite").stat().st_mode) == 0o600
    with pytest.raises(NotEmpty):
        backup.restore(url, file)


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda whole: whole[:-20],
    "a byte": lambda whole: whole[:60] + bytes([whole[60] ^ 255]) + whole[61:],
    "empty": lambda _: b"",
    "text": lambda _: b"CREATE TABLE incidents",
    "another JSON": lambda _: gzip.compress(b"[1]\n"),
    "a number": lambda _: gzip.compress(b"7\n"),
    "no revision": lambda _: gzip.compress(b'{"format": "escalation backup 1"}\n'),
    "a row of nothing": lambda whole: gzip.compress(gzip.decompress(whole).split(b"\n")[0] + b"\n[1]\n"),
    "a foreign table": lambda whole: gzip.compress(
        gzip.decompress(whole).split(b"\n")[0] + b'\n{"table": "x", "columns": [], "last": 0}\n'
    ),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_what_is_no_backup_is_refused_and_changes_nothing(desk: Receiver, file: Path, spoil: Callable[[bytes], bytes]) -> None:
    """By its name, in one line; the site that is there stays."""
    backup.write(desk.system.settings.sql_url, file)
    file.write_bytes(spoil(file.read_bytes()))
    desk.system.store.dispose()
    with pytest.raises(BadInput):
        backup.restore(desk.system.settings.sql_url, file, force=True)
    assert schema.is_current(desk.system.settings.sql_url)
    assert (desk.system.queries.held(), desk.status(1)) == (None, "triggered")


def test_a_file_that_is_not_there_is_named(file: Path, tmp_path: Path) -> None:
    """And no database is made for it."""
    with pytest.raises(BadInput, match="cannot be read"):
        backup.restore(f"sqlite:///{tmp_path}/new.sqlite", file)
    assert not (tmp_path / "new.sqlite").exists()
