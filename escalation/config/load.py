"""The text of `escalation.yaml` -> a Site and warnings, or every fault at once. Reads nothing but the files of keys and the calendars
that the text names. Not storing it (`apply`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from escalation.config import advice, crosschecks, document, imports, inhibit, keys
from escalation.config.explain import explain
from escalation.config.faults import Refused
from escalation.config.schema import File
from escalation.config.site import site
from escalation.domain.policy import Site
from escalation.errors import BadConfig


@dataclass(frozen=True, slots=True)
class Loaded:
    """A usable configuration (version 0: not applied yet); each warning begins with its line, like a fault."""

    site: Site
    warnings: list[str]


def load(text: str, folder: Path = Path(), now: datetime | None = None) -> Loaded:
    """`folder` is where relative paths of files begin; with `now` the warnings look ahead from there. Raises `BadConfig` with every fault, `line N: where: what`."""
    read = document.read(text)
    from_files = _keys_from_files(read, folder)
    crosschecks.check(read, from_files)
    calendars = imports.calendars(read, folder, now)
    inhibit.cycles(read)
    file = _file(read)
    if file is None or read.faults:
        raise BadConfig(read.faults.sorted())
    found = site(file, from_files, calendars)
    return Loaded(found, advice.warnings(found, read.lines, now))


def _file(read: document.Document) -> File | None:
    try:
        return File.model_validate(read.data, context=crosschecks.names(read))
    except ValidationError as error:
        explain(error, read)
        return None


def _keys_from_files(read: document.Document, folder: Path) -> dict[str, tuple[str, ...]]:
    """Keys by service; faults go to the document."""
    found: dict[str, tuple[str, ...]] = {}
    services = crosschecks.block(crosschecks.block(read.data).get("services"))
    for name, service in services.items():
        said = crosschecks.block(service).get("key_file")
        if isinstance(said, str) and said.strip():
            try:
                found[name] = keys.from_file(folder / said.strip())
            except Refused as error:
                read.faults.add(("services", name, "key_file"), str(error))
    return found
