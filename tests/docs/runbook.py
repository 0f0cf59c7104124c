"""The runbook's pages as what they ask of the reader: commands to paste with what each prints, and processes to start or stop, in the
order of the page. Not the nights in which they are tried (`test_runbook`)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.system.programs import STARTS, until
from tests.system.site import Site

RUNBOOK = Path(__file__).parents[2] / "deploy" / "runbook"
STEP = re.compile(
    r"^```console\n(?P<block>.*?)^```$|\[(?P<act>start|stop) (?P<names>[^\]]+)\]\(README\.md#start-and-stop\)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
LOOKS = re.compile(r"curl |escalation (doctor|show|list|audit|spool list)( |$)")  # may be asked again until it is so
PATIENCE = 40.0  # seconds; a worker looks for its broker every 2 to 32
ESCALATION = f'#!/bin/sh\nexec {sys.executable} -m escalation "$@"\n'


@dataclass(frozen=True, slots=True)
class Pasted:
    """A command, and what the page says that it prints: `…` for what differs, alone on a line for any lines."""

    command: str
    printed: str

    def fits(self, said: str) -> bool:
        lines = [r"(?:.*\n)*?" if line == "…" else self._line(line) for line in self.printed.splitlines()]
        return re.fullmatch("".join(lines), said) is not None

    @staticmethod
    def _line(line: str) -> str:
        return ".*".join(re.escape(part) for part in line.split("…")) + r"\n"


@dataclass(frozen=True, slots=True)
class Told:
    """To start or to stop what is named: `timekeeper`, `workers`, `broker`, `database`, `everything`."""

    act: str
    names: tuple[str, ...]


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next."""
    parts = re.split(r"^## (.+)\n", (RUNBOOK / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def headings(page: str) -> list[str]:
    return re.findall(r"^## (.+)$", (RUNBOOK / page).read_text(encoding="utf-8"), re.MULTILINE)


def steps(text: str) -> Iterator[Pasted | Told]:
    for found in STEP.finditer(text):
        if found["act"]:
            yield Told(found["act"].lower(), tuple(found["names"].split(", ")))
        else:
            yield from _pasted(found["block"])


def _pasted(block: str) -> Iterator[Pasted]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *rest = part.split("\n", 1)
        printed = rest[0] if rest else ""
        while printed.startswith("> "):
            more, _, printed = printed[2:].partition("\n")
            command += f"\n{more}"
        yield Pasted(command, printed)


class Reader:
    """Somebody in a shell of the site's machine who does what a page says, word for word. `act` starts or stops what is named; `own`
    are the words that a reader replaces with their own (`INC-42`)."""

    def __init__(self, site: Site, act: Callable[[Told], None]) -> None:
        self._site = site
        self._act = act
        (site.folder / "bin").mkdir()
        program = site.folder / "bin" / "escalation"
        program.write_text(ESCALATION)
        program.chmod(0o700)
        path = f"{program.parent}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environ = {**site.environ, "PATH": path, "ESCALATION_CONFIG": str(site.folder / "escalation.yaml")}

    def follows(self, page: str, heading: str, own: Mapping[str, str] | None = None) -> None:
        text = section(page, heading)
        for word, mine in {"http://127.0.0.1:8000": self._site.url, **(own or {})}.items():
            text = text.replace(word, mine)
        for step in steps(text):
            if isinstance(step, Told):
                self._act(step)
            else:
                self._pastes(step)

    def _pastes(self, step: Pasted) -> None:
        said = ""

        def as_written() -> bool:
            nonlocal said
            said = self._said(step.command)
            return step.fits(said)

        until(as_written, PATIENCE if LOOKS.match(step.command) else 0, lambda: self._otherwise(step, said))

    def _otherwise(self, step: Pasted, said: str) -> str:
        return f"$ {step.command}\n{said}\n--- the page says\n{step.printed}\n{self._site.story()}"

    def _said(self, command: str) -> str:
        """What stands on the terminal: standard output before what goes beside it."""
        done = subprocess.run(
            ["bash", "-c", command], env=self._environ, cwd=self._site.folder, capture_output=True, text=True,
            timeout=STARTS, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr
