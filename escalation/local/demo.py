"""`escalation demo`: opens a stage in a folder of its own and shows it: a person acts on the phones page while the story runs in the
terminal, or with `auto` the scripted night is played and checked. Not the processes (`stage`), not the script (`night`)."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.table import Table

from escalation.build import System
from escalation.clock import SystemClock
from escalation.domain.timeline import EntryKind
from escalation.errors import EscalationError
from escalation.local.night import EXPECTED, Night, Result
from escalation.local.stage import Stage
from escalation.local.supervisor import end_like_ctrl_c

CONFIGURATION = Path(__file__).with_name("demo.yaml")
LOOK = 0.3
COLOURS = {
    EntryKind.ALERT: "bold",
    EntryKind.STATUS: "green",
    EntryKind.STEP: "cyan",
    EntryKind.ALARM: "bold red",
    EntryKind.NOTE: "dim",
}


def run(environ: Mapping[str, str], *, auto: bool, as_json: bool, keep: bool) -> int:
    """The exit code: 0 when all that was expected happened (or the person had enough), 1 when not."""
    console = Console(stderr=as_json)
    folder = Path(tempfile.mkdtemp(prefix="escalation-demo-"))
    began = monotonic()
    configuration = CONFIGURATION.read_text()
    failed = True
    end_like_ctrl_c()
    stage = Stage(folder, environ, quickened(configuration) if auto else configuration)
    try:
        console.print("Starting broker, sandbox, receiver, workers, timekeeper and Flower …")
        system = stage.open()
        invite(console, stage)
        story = Story(console, system)
        story.start()
        failed = not (_auto(console, stage, system, story, as_json, began) if auto else _watch(console, stage, system))
    except EscalationError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
    except KeyboardInterrupt:
        failed = auto
    finally:
        stage.close()
        _leave(console, folder, keep=keep or (auto and failed))
    return int(failed)


class Story(threading.Thread):
    """Prints every incident's timeline as it grows."""

    def __init__(self, console: Console, system: System) -> None:
        super().__init__(name="story", daemon=True)
        self._console, self._system = console, system
        self._seen: dict[int, int] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(LOOK):
            self.tell()

    def tell(self) -> None:
        """What is new since the last time."""
        try:
            for row in reversed(self._system.queries.incidents(open_only=False)):
                self._one(row.id, row.short_id)
        except EscalationError:
            pass  # a busy database is asked again at the next look

    def end(self) -> None:
        self._ended.set()
        self.join()
        self.tell()

    def _one(self, incident_id: int, name: str) -> None:
        for told in self._system.queries.timeline(incident_id, self._seen.get(incident_id, 0)):
            self._seen[incident_id] = told.seq
            entry = told.entry
            self._console.print(
                f"{entry.at:%H:%M:%S}  {name}  {entry.text}",
                style=COLOURS.get(entry.kind, ""),
                markup=False,
                highlight=False,
                soft_wrap=True,
            )


def invite(console: Console, stage: Stage) -> None:
    """Where to look."""
    lines = (
        ("Phones", f"{stage.urls.sandbox}/", "pick up, listen, press keys"),
        ("Incidents", f"{stage.urls.receiver}/incidents", f"password {stage.password}"),
        ("Flower", f"{stage.urls.flower}/", f"user demo, password {stage.password}; search for INC-1"),
    )
    for name, url, how in lines:
        console.print(f"{name:<10} {url:<33} {how}", markup=False, highlight=False, soft_wrap=True)


def _watch(console: Console, stage: Stage, system: System) -> bool:
    console.print(
        "An alert comes in. Open the phones page and press 1, or watch it go from person to person. Ctrl-C ends it all.\n"
    )
    Night(stage, system, console.print).trouble("DatabaseDown", "db-1 is down", SystemClock().now())
    threading.Event().wait()
    return True


def _auto(console: Console, stage: Stage, system: System, story: Story, as_json: bool, began: float) -> bool:
    results = Night(stage, system, console.print).play()
    story.end()
    seconds = monotonic() - began
    if as_json:
        print(json.dumps(as_values(results, seconds), indent=2))
    else:
        console.print(as_table(results))
        console.print(f"{sum(r.happened for r in results)} of {len(EXPECTED)} as expected, {seconds:.0f} s")
    return all(r.happened for r in results)


def as_table(results: list[Result]) -> Table:
    table = Table("", "incident", "expected", title="The night")
    for result in results:
        table.add_row("[green]✓[/green]" if result.happened else "[red]✗ missing[/red]", f"INC-{result.incident}", result.what)
    return table


def as_values(results: list[Result], seconds: float) -> dict[str, object]:
    return {
        "ok": all(r.happened for r in results),
        "seconds": round(seconds, 1),
        "expected": [{"incident": f"INC-{r.incident}", "what": r.what, "happened": r.happened} for r in results],
    }


def quickened(configuration: str) -> str:
    """The same policy with half the waiting: a person wants to follow it, the check does not."""
    return re.sub(r"\b(timeout|voice): (\d+)s\b", lambda found: f"{found[1]}: {max(int(found[2]) // 2, 1)}s", configuration)


def _leave(console: Console, folder: Path, *, keep: bool) -> None:
    if keep:
        console.print(f"Logs and database are in {folder}", highlight=False)
    else:
        shutil.rmtree(folder, ignore_errors=True)
