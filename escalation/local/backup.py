"""A backup's file: lines of JSON, compressed, for its owner only, and never half of it under its name; and what a restored site does
first. Not the rows (`store.backup`)."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from escalation.domain.events import Restored
from escalation.engine import rule
from escalation.errors import BadInput
from escalation.ports import Clock
from escalation.store import backup
from escalation.store.sql import SqlTransaction

STANDARD = Path("-")


@dataclass(frozen=True, slots=True)
class Site:
    """A restored one: as it was at `taken_at`, with so many incidents open."""

    taken_at: datetime
    opened: int


def write(sql_url: str, path: Path, *, clock: Clock | None = None) -> None:
    """Consistent while the site runs. Replaces an older file of that name when the new one is whole and on the disk. Raises `BadInput`,
    `StoreUnavailable`, `SchemaMismatch`."""
    if path == STANDARD:
        _write(sql_url, sys.stdout.buffer, clock)
        sys.stdout.buffer.flush()
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            _write(sql_url, file, clock)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise BadInput([f"{path} cannot be written ({error.strerror})"]) from None
    finally:
        draft.unlink(missing_ok=True)


def restore(sql_url: str, path: Path, *, force: bool = False, clock: Clock | None = None) -> Site:
    """Raises `BadInput`, `NotEmpty`, `SchemaMismatch`, `StoreUnavailable`; then nothing was changed."""
    opened = 0

    def then(tx: SqlTransaction, taken_at: datetime) -> None:
        nonlocal opened
        for incident_id in tx.open_incidents():
            if (incident := tx.load(incident_id)) is not None:
                rule(tx, incident, Restored(taken_at), [])
                opened += 1

    try:
        with gzip.open(sys.stdin.buffer if path == STANDARD else path, "rb") as file:
            taken_at = backup.load(sql_url, _lines(cast("IO[bytes]", file)), then, force=force, clock=clock)
    except (gzip.BadGzipFile, zlib.error, EOFError, ValueError, KeyError, TypeError):
        raise BadInput([f"{path} is no backup of ours, or cut short"]) from None
    except OSError as error:
        raise BadInput([f"{path} cannot be read ({error.strerror or type(error).__name__})"]) from None
    return Site(taken_at, opened)


def _write(sql_url: str, file: IO[bytes], clock: Clock | None) -> None:
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
        for line in backup.dump(sql_url, clock):
            packed.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _lines(file: IO[bytes]) -> Iterator[backup.Line]:
    for line in file:
        value: Any = json.loads(line)
        if not isinstance(value, dict | list):
            raise BadInput(["this is no backup of ours"])
        yield value
