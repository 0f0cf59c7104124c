"""What a data folder keeps for its owner's eyes only: secrets made up at the first start and read at every later one. Not a store for
secrets that somebody else gave out (those are settings)."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path


def private(folder: Path) -> Path:
    """The folder, made if it was not there, closed to everybody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def kept(path: Path, make: Callable[[], str]) -> str:
    """Whoever comes first makes it up, the others read it; written beside and linked, so that nobody reads half of it."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
        write_private(draft, make())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
