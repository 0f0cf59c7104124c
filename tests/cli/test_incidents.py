"""Incidents from the command line, with a real engine and database underneath."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from escalation.build import NoNudge
from escalation.cli import incidents
from escalation.domain.alert import Action, Alert
from escalation.engine import Engine
from escalation.settings import Settings
from escalation.store.sql import SqlStore
from tests.cli.conftest import Machine


def opened(machine: Machine, key: str = "db-1") -> str:
    return str(machine.json("trigger", "db-1 is down", "--dedup-key", key)["incident"])


def test_a_trigger_opens_an_incident_and_the_same_key_again_counts(machine: Machine) -> None:
    """One open incident per trouble."""
    assert machine.json("trigger", "db-1 is down", "--dedup-key", "db-1") == {
        "what": "opened", "incident": "INC-1", "dedup_key": "db-1",
    }  # fmt: skip
    assert machine.json("trigger", "db-1 is down", "--dedup-key", "db-1")["what"] == "counted"
    assert machine.json("show", "INC-1")["repeats"] == 1


def test_a_trigger_without_a_key_is_a_trouble_of_its_own(machine: Machine) -> None:
    """Two people who type the same words may mean two things."""
    assert [machine.json("trigger", "help")["incident"] for _ in range(2)] == ["INC-1", "INC-2"]


def test_what_was_said_of_the_trouble_is_shown(machine: Machine) -> None:
    """Summary, severity, source, details: the same fields as over HTTP."""
    machine(
        "trigger",
        "disk is full",
        "--severity",
        "warning",
        "--source",
        "db-1",
        "--detail",
        "mount=/var",
        "--link",
        "https://x.example/1",
    )
    shown = machine.json("show", "INC-1")
    assert (shown["summary"], shown["severity"], shown["source"]) == ("disk is full", "warning", "db-1")
    assert shown["status"] == "triggered"
    assert shown["timeline"]


def test_an_acknowledgement_names_who_has_it(machine: Machine) -> None:
    """The name is told to everybody else who picks up."""
    incident = opened(machine)
    assert machine.json("ack", incident, "--by", "ann") == {
        "incident": "INC-1",
        "status": "acknowledged",
        "acknowledged_by": "ann",
    }


SPOILERS = [
    "",
    "   ",
    "x" * 81,
    "x" * 3000,
    "ann\nResolved by bob",
    "ann\n",
    "a\rb",
    "a\tb",
    "\x00",
    "\x1b[2J",
    "a\u2028b",
    "\u202e",
    "\ud800",
]


def test_a_name_that_would_spoil_the_timeline_is_refused(machine: Machine) -> None:
    """Bad input, in one line that does not repeat it; nothing was done."""
    before = machine.json("show", opened(machine))
    for command in (
        ["ack", "1"],
        ["resolve", "1"],
        ["escalate", "1"],
        ["unack", "1"],
        ["note", "1", "x"],
        ["snooze", "1", "30m"],
        ["ack", "--dedup-key", "db-1"],
    ):
        for name in SPOILERS:
            assert machine(*command, "--by", name) == 2, (command, name)
            assert machine.err == "escalation: Invalid value for '--by': must be one printable line of 1 to 80 characters\n"
            assert machine.out == ""
    assert machine.json("show", "1") == before


def test_a_name_is_kept_as_people_write_it(machine: Machine) -> None:
    """Without the blanks around it."""
    opened(machine)
    assert machine("escalate", "1", "--by", " Zoë O'Neil 李 ") == 0
    assert machine("resolve", "1", "--by", "x" * 80) == 0
    machine("show", "1")
    assert "Escalated by Zoë O'Neil 李, by command line." in machine.out
    assert f"Resolved by {'x' * 80}, by command line." in machine.out


@pytest.mark.parametrize(
    ("account", "shown"),
    [("cleo", "cleo"), ("c\nleo\x1b", "cleo"), ("x" * 200, "x" * 80), ("\u202e", "somebody"), (" " * 90, "somebody")],
)
def test_an_account_s_odd_name_keeps_nobody_from_acknowledging(monkeypatch: pytest.MonkeyPatch, account: str, shown: str) -> None:
    """Nobody typed it: it is made to fit, and is taken as a name."""
    monkeypatch.setenv("LOGNAME", account)
    assert incidents.Name().convert(incidents.login(), None, None) == shown


def test_an_incident_may_be_named_by_its_number_alone(machine: Machine) -> None:
    """At 3 a.m. nobody types INC- in capitals."""
    opened(machine)
    assert machine("ack", "1") == 0
    assert machine("resolve", "inc-1") == 0
    assert machine("show", "INC-1") == 0
    assert "resolved" in machine.out


def test_acknowledging_what_is_resolved_is_refused(machine: Machine) -> None:
    """Exit code 0 would say that somebody has it."""
    opened(machine)
    machine("resolve", "INC-1")
    assert machine("ack", "INC-1") == 1
    assert machine.err == "escalation: INC-1 is resolved\n"


def test_by_the_trouble_s_key_the_story_says_who(machine: Machine) -> None:
    """Not the monitor: a person typed it."""
    opened(machine)
    assert machine("ack", "--dedup-key", "db-1", "--by", "cleo") == 0
    assert machine("resolve", "--dedup-key", "db-1", "--by", "dora") == 0
    machine("show", "INC-1")
    assert "Acknowledged by cleo, by command line." in machine.out
    assert "Resolved by dora, by command line." in machine.out
    assert machine("resolve", "--dedup-key", "db-1", "--service", "nothing") == 1


def test_what_acknowledges_and_resolves_is_no_repeat(machine: Machine, tmp_path: Path) -> None:
    """Repeats say how often the trouble was reported."""
    opened(machine)
    store = SqlStore(Settings(data_dir=tmp_path).sql_url)
    with store.transaction() as tx:
        (key, *_) = next(iter(tx.site().services.values())).keys
    engine = Engine(store, NoNudge())
    engine.take([Alert(key, Action.ACKNOWLEDGE, "db-1", ""), Alert(key, Action.TRIGGER, "db-1", "again")])
    assert (machine.json("show", "INC-1")["repeats"], machine.json("list")[0]["repeats"]) == (1, 1)
    engine.take([Alert(key, Action.RESOLVE, "db-1", "")])
    assert (machine.json("show", "INC-1")["repeats"], machine.json("list", "--all")[0]["repeats"]) == (1, 1)
    store.dispose()


def test_a_mistyped_setting_is_named_beside_the_answer(machine: Machine) -> None:
    """On standard error, so that what programs read stays as it is."""
    assert machine("list", "-o", "json", ESCALATION_CONFG="x") == 0
    assert (machine.out, machine.err) == (
        "[]\n",
        "escalation: ESCALATION_CONFG: no such setting, did you mean ESCALATION_CONFIG?\n",
    )


def test_by_the_trouble_s_key_too(machine: Machine) -> None:
    """Whoever triggers in a script has no incident's number at hand."""
    opened(machine)
    assert machine.json("ack", "--dedup-key", "db-1")["what"] == "acknowledged"
    assert machine.json("resolve", "--dedup-key", "db-1")["what"] == "resolved"
    assert machine("resolve", "--dedup-key", "db-1") == 1
    assert machine.err == "escalation: there is no open incident of that dedup key\n"


def test_a_snooze_lasts_as_long_as_it_says(machine: Machine) -> None:
    """Then it begins again: the timer is shown."""
    opened(machine)
    assert machine.json("snooze", "INC-1", "1h30m")["status"] == "snoozed"
    [coming] = machine.json("show", "INC-1")["next"]
    assert coming["what"] == "wakes up"


def test_a_snooze_until_a_time_is_by_the_clock_of_whoever_snoozes(machine: Machine) -> None:
    """Of somebody whom nobody knows it is UTC, and that is said."""
    opened(machine)
    assert machine("snooze", "INC-1", "until", "07:30", "--by", "ann") == 0
    assert re.fullmatch(r"INC-1 snoozed\nuntil \d{4}-\d\d-\d\d 07:30 CES?T\n", machine.out)
    assert machine.err == ""
    assert machine("snooze", "INC-1", "next-morning", "--by", "Ann Example") == 0
    assert re.search(r" 08:00 CES?T\n", machine.out)
    assert machine("snooze", "INC-1", "until", "tomorrow", "--by", "somebody") == 0
    assert re.search(r" 08:00 UTC\n", machine.out)
    assert machine.err == "escalation: times are UTC: whose clock is meant is not known of 'somebody' (--by ANN)\n"


def test_a_note_stands_in_the_timeline(machine: Machine) -> None:
    """Printable and of bounded length; nothing else changes."""
    opened(machine)
    assert machine.json("note", "INC-1", "the disk\nwas full", "--by", "ann")["status"] == "triggered"
    machine("show", "INC-1")
    assert "Note by Ann Example, by command line: the disk was full\n" in machine.out
    for text, why in (
        ("", "no words"),
        (" \n", "no words"),
        ("x" * 401, "400 characters at most, this one 401"),
        ("\x1b[2J", "printable"),
    ):
        assert machine("note", "INC-1", text) == 2
        assert why in machine.err


def test_what_is_given_back_is_paged_again(machine: Machine) -> None:
    """And only what somebody had: the refusal says what it is."""
    opened(machine)
    assert machine("unack", "INC-1") == 1
    assert machine.err == "escalation: INC-1 is triggered: only what is acknowledged can be given back\n"
    machine("ack", "INC-1", "--by", "ann")
    assert machine.json("unack", "INC-1", "--by", "ann") == {"incident": "INC-1", "status": "triggered", "acknowledged_by": ""}
    machine("show", "INC-1")
    assert "Given back by Ann Example, by command line. Paging again from step 1." in machine.out


def test_an_escalation_pages_the_next_step(machine: Machine) -> None:
    """Not waiting for the step's timeout."""
    opened(machine)
    assert machine("escalate", "INC-1", "--by", "ann") == 0
    assert machine.json("show", "INC-1")["step"] == 2


def test_a_list_shows_open_ones_and_all_if_asked(machine: Machine) -> None:
    """What is over is not in the way of what is not."""
    opened(machine, "db-1")
    opened(machine, "db-2")
    machine("resolve", "INC-1")
    assert [i["incident"] for i in machine.json("list")] == ["INC-2"]
    assert [i["incident"] for i in machine.json("list", "--all")] == ["INC-2", "INC-1"]
    assert machine("list") == 0
    assert len(machine.out.splitlines()) == 1


def test_no_phone_number_is_printed(machine: Machine) -> None:
    """The output of a command ends up in chats and tickets."""
    opened(machine)
    machine("show", "INC-1")
    shown = machine.out
    machine("show", "INC-1", "-o", "json")
    assert "+1555" not in shown + machine.out
    assert "ann@example" not in shown + machine.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", "INC-99"], 1, "There is no incident INC-99."),
        (["ack", "INC-99"], 1, "There is no incident INC-99."),
        (["trigger", "x", "--service", "nothing"], 1, "no service of that name, there are: payments"),
        (["show", "everything"], 2, "'everything' is not an incident"),
        (["ack"], 2, "an incident (INC-42) or --dedup-key is needed"),
        (["snooze", "INC-1", "soon"], 2, "not a duration"),
        (["snooze", "INC-1", "40d"], 2, "a snooze lasts 31 days at most"),
        (["snooze", "INC-1", "until", "25:00", "--by", "ann"], 2, "'25:00' is not a time: write it like 07:30"),
        (["snooze", "INC-1", "until", "--by", "ann"], 2, "not a duration"),
        (["snooze", "INC-1", "until", "2020-01-01", "--by", "ann"], 2, "UTC is over"),
        (["trigger", ""], 2, "'summary'"),
        (["trigger", "x", "--detail", "nonsense"], 2, "NAME=VALUE"),
        (["trigger", "x", "--url", "https://paging.example.org"], 2, "--key-file"),
        (["trigger", "x", "--severity", "dreadful"], 2, "dreadful"),
        (["frobnicate"], 2, "frobnicate"),
        (["show"], 2, "Missing argument"),
    ],
)
def test_what_goes_wrong_is_one_line_on_standard_error(machine: Machine, arguments: list[str], code: int, message: str) -> None:
    """And an exit code that a script can go by."""
    assert machine(*arguments) == code
    assert message in machine.err
    assert len(machine.err.splitlines()) == 1
    assert machine.err.startswith("escalation: ")
    assert machine.out == ""


def test_without_a_configuration_it_says_what_to_do(bare: Machine) -> None:
    """The first minute of a new site."""
    bare("migrate")
    assert bare("trigger", "x") == 1
    assert bare.err == "escalation: no configuration was applied yet: escalation config apply\n"


def test_a_database_that_was_never_made_is_named(bare: Machine) -> None:
    """It looks like one that is away."""
    assert bare("list") == 3
    assert bare.err == "escalation: the database was never prepared: escalation migrate\n"


def test_a_database_that_is_away_is_an_exit_code_of_its_own(machine: Machine, tmp_path: Path) -> None:
    """A script may try again after 3, and after nothing else."""
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path}/file/db.sqlite"
    assert machine("list", ESCALATION_DATABASE_URL=url) == 3
    assert len(machine.err.splitlines()) == 1


def test_faulty_settings_are_bad_input_and_show_no_value(machine: Machine) -> None:
    """They may be secrets."""
    assert machine("list", SLACK_WEBHOOK_URL="hooks-secret") == 2
    assert "SLACK_WEBHOOK_URL" in machine.err
    assert "hooks-secret" not in machine.err
