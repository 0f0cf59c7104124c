"""Scripts: habits and faults from YAML, and all that is wrong with one told at once."""

from __future__ import annotations

import pytest

import escalation.sandbox.script as script_module
from escalation.sandbox import Habit, ScriptFaults, load
from tests.sandbox.product import ANN, BOB, URL, Bench, menu, say


def test_habits_are_read_in_every_form() -> None:
    """A word, a mapping, a list."""
    script = load(
        """
        phones:
          "+15550100001": {name: Ann, habit: ignores}
          "+15550100002": {habit: answers, after: 4, presses: 1, wait: 3}
          "+15550100003": busy
          "+15550100004": [declines, {habit: answers, presses: ["9", "1"]}]
          "+15550100005": {replies: {to: sms, text: "1", after: 5}}
        """
    )
    assert script.phones[0].name == "Ann"
    assert [phone.habits for phone in script.phones] == [
        [Habit("ignores")],
        [Habit("answers", after=4, presses=("1",), wait=3)],
        [Habit("busy")],
        [Habit("declines"), Habit("answers", presses=("9", "1"))],
        [],
    ]
    assert script.phones[4].replies is not None


def test_the_documented_example_is_valid() -> None:
    """The format's description cannot rot."""
    text = (script_module.__doc__ or "").partition("\n\n")[2].replace("…", "x")
    script = load(text)
    assert (len(script.phones), len(script.faults)) == (7, 7)


def test_habits_are_used_one_per_call_and_the_last_again_and_again(bench: Bench) -> None:
    """First busy, then answering each time."""
    load(f'phones: {{"{ANN}": [busy, {{habit: answers, after: 1, presses: "1", wait: 0}}]}}').apply(bench.world)
    bench.product.answers = {"answer": menu(), "keys": say("Thank you.")}
    for _ in range(3):
        bench.call()
        bench.world.advance(60)
    assert [str(call.status) for call in bench.world.phone(ANN).calls] == ["busy", "completed", "completed"]
    assert len(bench.product.at("keys")) == 2


def test_keys_are_pressed_one_menu_after_the_other(bench: Bench) -> None:
    """Repeat, then acknowledge, each a while into its menu."""
    bench.world.phone(ANN, habits=[Habit("answers", after=1, presses=("9", "1"), wait=3)])
    bench.product.answers = {"answer": menu(), "keys": [menu(), say("Thank you.")]}
    bench.call()
    bench.world.advance(60)
    first, second = bench.product.at("keys")
    assert (first.params["Digits"], second.params["Digits"]) == ("9", "1")
    assert second.at - first.at == 3


def test_faults_begin_and_end_by_the_scripts_time(bench: Bench) -> None:
    """Down from 60 s on, for 120 s."""
    load("faults: [{kind: status, status: 503, at: 60, for: 120}]").apply(bench.world)
    statuses = []
    for _ in range(5):
        statuses.append(bench.call().status_code)
        bench.world.advance(50)
    assert statuses == [201, 201, 503, 503, 201]


def test_a_script_sets_the_account_and_the_other_services(bench: Bench) -> None:
    """Credentials included."""
    load(
        f"""
        account: {{auth_token: other, credits: 0.5, numbers: ["{BOB}"]}}
        message_url: {URL}/sms
        options: {{split_uuids: true, message_signatures: V3}}
        slack: {{actions_url: {URL}/slack/actions, channels: [C1]}}
        """
    ).apply(bench.world)
    world = bench.world
    assert (world.account.auth_token, str(world.account.cash_credits), world.account.numbers) == ("other", "0.5", (BOB,))
    assert (world.message_url, world.split_uuids, world.message_signatures) == (f"{URL}/sms", True, "V3")
    assert (world.slack.actions_url, world.slack.channels) == (f"{URL}/slack/actions", {"C1"})


def test_all_faults_of_a_script_are_told_at_once_and_nothing_is_applied() -> None:
    """One round of mending."""
    text = """
    phones:
      15550100001: busy
      "+15550100002": {habit: sleeps}
      "+15550100003": {habit: answers, after: soon, presses: "x"}
      "+15550100004": {habits: busy, colour: red}
      "+15550100005": {replies: {text: "{found}", find: "(unclosed"}}
    faults:
      - {kind: explodes}
      - {kind: unreachable, code: 1}
      - {kind: undelivered}
      - {kind: lost, times: often}
    options: {split_uuids: perhaps}
    telephones: {}
    """
    with pytest.raises(ScriptFaults) as caught:
        load(text)
    told = caught.value.faults
    for words in ("in quotes", "sleeps", "after", "not keys", "colour", "`habits` with a list", "find", "explodes",
                  "hangup codes", "error code", "whole number", "true or false", "telephones"):  # fmt: skip
        assert any(words in fault for fault in told), words
    assert len(told) == 13


@pytest.mark.parametrize("text", ["phones: [", "- a", "phones: 3", "faults: {}"])
def test_what_is_no_script_at_all_is_told_too(text: str) -> None:
    """Never a traceback."""
    with pytest.raises(ScriptFaults):
        load(text)


def test_an_empty_script_is_a_script() -> None:
    """Nothing declared, nothing wrong."""
    assert load("").phones == []
