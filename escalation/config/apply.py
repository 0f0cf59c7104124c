"""From a file to the database: `check` reads one and changes nothing, `apply` stores one in one transaction. Processes read only
what was applied. Not telling open incidents about it: the caller lets the engine do that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from escalation.config import duty
from escalation.config.diff import diff
from escalation.config.document import MAX_CHARACTERS
from escalation.config.load import Loaded, load
from escalation.domain.policy import Site
from escalation.errors import BadConfig, LeavesHole
from escalation.ports import Store


@dataclass(frozen=True, slots=True)
class Applied:
    """`version` is the current one after it; `changes` is empty when there was nothing to store."""

    version: int
    changes: list[str]
    warnings: list[str]


def text_of(path: Path) -> str:
    """The file's text; raises `BadConfig` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4 * MAX_CHARACTERS + 1).decode("utf-8-sig")
    except OSError as error:
        raise BadConfig([f"line 1: file: cannot be read: {error.strerror or type(error).__name__}"]) from None
    except UnicodeDecodeError as error:
        line = bytes(error.object).count(b"\n", 0, error.start) + 1
        raise BadConfig([f"line {line}: file: not UTF-8 text"]) from None


def check(path: Path, now: datetime | None = None) -> Loaded:
    """Reads a file as `apply` would, changing nothing; raises `BadConfig` with every fault."""
    return load(text_of(path), path.parent, now)


def compare(store: Store, text: str, folder: Path, now: datetime) -> tuple[list[str], list[str], list[str]]:
    """What the text would change: of the configuration, of who is on call in the next 30 days, and the holes among the latter, a line
    each; changes nothing. Raises `BadConfig`, `StoreUnavailable`."""
    loaded = load(text, folder, now)
    with store.read() as transaction:
        current = transaction.site()
    on_call = duty.changes(current.roster, loaded.site.roster, now)
    lines = [change.told(_zone(change, loaded)) for change in on_call]
    return diff(current, loaded.site), lines, [line for line, one in zip(lines, on_call, strict=True) if one.is_hole]


def apply(store: Store, text: str, folder: Path = Path(), now: datetime | None = None, *, force: bool = False) -> Applied:
    """Makes the text the current configuration, wholly or not at all. `folder` is where `key_file` paths begin; `now`: see `load`.
    Raises `BadConfig` with every fault, `LeavesHole` unless forced, `StoreUnavailable`."""
    loaded = load(text, folder, now)
    with store.transaction() as transaction:
        current = transaction.site()
        changes = diff(current, loaded.site)
        same_text = transaction.document() == text
        if current.version and same_text and not changes:
            return Applied(current.version, [], loaded.warnings)
        if not force:
            _refuse_holes(current, loaded, transaction.now)
        version = transaction.apply(loaded.site, text)
    return Applied(version, changes or ["the text only: comments, layout or order"], loaded.warnings)


def _refuse_holes(current: Site, loaded: Loaded, now: datetime) -> None:
    holes = [one for one in duty.changes(current.roster, loaded.site.roster, now) if one.is_hole]
    if holes:
        first, more = holes[0].told(_zone(holes[0], loaded)), f", and {len(holes) - 1} more" if holes[1:] else ""
        raise LeavesHole(
            f"nothing was applied, it would leave a hole: {first}{more} (escalation config diff; --force applies it)"
        )


def _zone(change: duty.Change, loaded: Loaded) -> ZoneInfo:
    return loaded.site.roster.schedules[change.schedule].zone
