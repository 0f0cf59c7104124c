"""The `escalation` command on the machine of a running site: what it prints for programs, and its exit codes (docs/cli.md)."""

from __future__ import annotations

import json

import pytest

from escalation.local.broker import free_port
from tests.system.site import KEYS, Site

DONE, REFUSED, BAD_INPUT, AWAY = 0, 1, 2, 3


def told(site: Site, *arguments: str, code: int = DONE) -> object:
    """The JSON it printed."""
    ran = site.command(*arguments, "-o", "json")
    assert ran.returncode == code, ran.stderr + ran.stdout
    return json.loads(ran.stdout)


def refused(site: Site, code: int, *arguments: str, **environ: str) -> str:
    """Nothing is printed, and the reason is one line on standard error."""
    ran = site.command(*arguments, **environ)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (code, "", 1), ran.stderr
    assert ran.stderr.startswith("escalation: ")
    return ran.stderr


@pytest.mark.slow
def test_an_incident_from_trigger_to_resolve(site: Site) -> None:
    """A trouble told at the command line rings a phone, and acknowledged there it rings no more."""
    site.start("broker", "pages", "timekeeper", "receiver")
    key_file = site.folder / "key"
    key_file.write_text(KEYS["bank"])
    trouble = ("trigger", "db-1 is down", "--dedup-key", "db-1")
    assert told(site, *trouble, "--service", "bank") == {"what": "opened", "incident": "INC-1", "dedup_key": "db-1"}
    site.cleo.rings()
    elsewhere = ("--url", site.url, "--key-file", str(key_file))
    assert told(site, *trouble, *elsewhere) == {"what": "counted", "incident": "INC-1", "dedup_key": "db-1"}
    (row,) = told(site, "list")
    assert (row["incident"], row["status"], row["service"], row["repeats"]) == ("INC-1", "triggered", "bank", 1)
    assert told(site, "ack", "INC-1", "--by", "ops") == {"incident": "INC-1", "status": "acknowledged", "acknowledged_by": "ops"}
    site.cleo.is_hung_up_on()
    shown = told(site, "show", "inc-1")
    assert (shown["status"], shown["acknowledged_by"], shown["dedup_key"]) == ("acknowledged", "ops", "db-1")
    assert any("Cleo Example" in entry["text"] for entry in shown["timeline"])
    assert told(site, "resolve", "1")["status"] == "resolved"
    assert told(site, "list") == []
    assert told(site, "ack", "INC-1", code=REFUSED)["status"] == "resolved"


@pytest.mark.slow
def test_what_cannot_be_done_is_one_line_and_an_exit_code(site: Site) -> None:
    """Each documented code once, in a process of its own."""
    key_file = site.folder / "key"
    key_file.write_text(KEYS["bank"])
    assert "INC-99" in refused(site, REFUSED, "show", "INC-99")
    assert "shop" in refused(site, BAD_INPUT, "trigger", "which service?")
    refused(site, BAD_INPUT, "ack", "the one from yesterday")
    nobody = f"http://127.0.0.1:{free_port()}"
    refused(site, AWAY, "trigger", "x", "--dedup-key", "x", "--url", nobody, "--key-file", str(key_file), "--no-spool")
    assert "escalation migrate" in refused(site, AWAY, "list", ESCALATION_DATA_DIR=str(site.folder / "log"))
