"""Who says that it is ready: heard once, by whoever waits for just that process."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from escalation.local.notices import VARIABLE, Notices
from workers.start import say_ready


def test_each_is_heard_for_itself_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Two receivers share an address: only their own word tells which of them is ready."""
    notices = Notices()
    (first, first_is_ready), (_, second_is_ready) = notices.of("receiver"), notices.of("receiver-2")
    assert not first_is_ready()
    environ = dict(first)
    say_ready(environ)
    assert not second_is_ready()
    assert first_is_ready()
    assert not first_is_ready()
    say_ready(environ)  # it said so already
    assert not first_is_ready()
    assert capsys.readouterr() == ("", "")


def test_other_words_are_not_taken_for_it() -> None:
    """systemd's protocol has many; only one of them says that work can begin."""
    env, is_ready = Notices().of("receiver")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
        for said in (b"STATUS=READY=1 soon", b"STOPPING=1", b"NOTREADY=1", b"\xff\x00"):
            mouth.sendto(said, env[VARIABLE])
        assert not is_ready()
        mouth.sendto(b"STATUS=booted\nREADY=1\n", env[VARIABLE])
        assert is_ready()


def test_the_folder_is_there_as_long_as_somebody_may_ask() -> None:
    """And is gone with the last one."""
    env, is_ready = Notices().of("timekeeper")
    folder = Path(env[VARIABLE]).parent
    say_ready(dict(env))
    assert is_ready()
    del is_ready
    assert not folder.exists()


def test_nobody_waits_and_nothing_happens(tmp_path: Path) -> None:
    """Started by hand, or by a supervisor that has ended meanwhile."""
    say_ready({})
    say_ready({VARIABLE: str(tmp_path / "gone")})
    say_ready({VARIABLE: f"@{os.getpid()}-nobody"})
