"""Is the number that is written under a name theirs? A code goes there, and what they read out comes back."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import click
import pytest
from sqlalchemy import Table, select

from escalation.cli.root import cli
from escalation.cli.shell import Shell
from escalation.domain.incident import Status
from escalation.domain.roster import Channel, ContactMethod
from escalation.errors import EscalationError
from escalation.store.tables import metadata
from tests.builders import PHONES, site
from tests.scenarios.night import PUBLIC, Night, on_both_databases

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
HOME = "+15550100044"


class Desk:
    """Somebody at a terminal of the site. `said`: all that any command printed, or failed with."""

    def __init__(self, night: Night, capsys: pytest.CaptureFixture[str]) -> None:
        self._night, self._capsys = night, capsys
        self.said = ""

    def verify(self, *arguments: str) -> str:
        """What the command says; a refusal begins with `refused`."""
        shell = Shell({})
        shell.__dict__.update(system=self._night.system, settings=self._night.settings)
        self._capsys.readouterr()
        try:
            cli.main(["verify", *arguments], obj=shell, standalone_mode=False)
            refused = ""
        except (EscalationError, click.ClickException) as error:
            refused = f"refused: {error}"
        said = self._capsys.readouterr().out + refused
        self.said += said
        self._night.settle()
        return said


@pytest.fixture
def desk(night: Night, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(night, capsys)


def texted(night: Night, who: str) -> str:
    """The code that stands in the text on that phone."""
    night.people[who].sms.reads("this number is yours")
    [code] = re.findall(r"\b\d{6}\b", night.people[who].sms.last)
    return code


def heard(night: Night, who: str) -> str:
    """The code that is spoken there, both times the same."""
    phone = night.people[who].phone
    phone.rings().picks_up().listens_to_the_end()
    digits = [str(WORDS.index(words)) for words in phone.phone.heard if words in WORDS]
    assert (len(digits), digits[:6]) == (12, digits[6:])
    return "".join(digits[:6])


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def is_verified(night: Night, who: str, phone: str = "phone") -> bool:
    told = night.browser().get("/metrics", base_url=PUBLIC).get_data(as_text=True)
    [found] = re.findall(rf'^escalation_number_verified{{person="{who}",phone="{phone}"}} (\S+)$', told, re.MULTILINE)
    return found == "1.0"


def everything_kept(night: Night) -> str:
    """Every row but those of the configuration and of phones in use, which have the numbers by their nature."""
    with night.system.store.read() as tx:
        tables: list[Table] = [table for name, table in metadata.tables.items() if name not in ("sites", "attempts", "phones")]
        return "\n".join(str(row) for table in tables for row in tx.connection.execute(select(table)))


@on_both_databases
def test_a_code_that_was_texted_and_typed_in_verifies_the_number(night: Night, desk: Desk) -> None:
    """Who did it, and when, is kept; the number is masked on the screen; nobody else's is verified by it."""
    assert desk.verify("ann").startswith("phone +1•••••••001: a code was sent by SMS\n")
    code = texted(night, "ann")
    assert not is_verified(night, "ann")
    assert desk.verify("Ann", "--code", code, "--as", "zoe") == "phone +1•••••••001 is Ann's: verified\n"
    assert (is_verified(night, "ann"), is_verified(night, "bob")) == (True, False)
    assert "zoe" in everything_kept(night)
    assert "no code is out" in desk.verify("ann", "--code", code)


@on_both_databases
def test_a_code_that_was_spoken_and_typed_in_verifies_the_number(night: Night, desk: Desk) -> None:
    """Twice, digit by digit: over the receiver, which made it for itself."""
    assert "phone +1•••••••002: is being called" in desk.verify("bob", "--by", "call")
    code = heard(night, "bob")
    night.bob.phone.hears("on-call pager")
    desk.verify("bob", "--code", f"{code[:3]} {code[3:]}")
    assert is_verified(night, "bob")


def test_where_no_texts_go_the_code_is_spoken(night: Night, desk: Desk) -> None:
    """Each number by its own way, each verified by itself."""
    found = site()
    ann = found.roster.people["ann"]
    contacts = (
        ContactMethod(Channel.VOICE, PHONES["bob"], name="home"),
        ContactMethod(Channel.VOICE, PHONES["ann"], name="mobile"),
        ContactMethod(Channel.SMS, PHONES["ann"]),
    )
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, roster=replace(found.roster, people={"ann": replace(ann, contacts=contacts)})), "")
    desk.verify("ann")
    by_text, by_call = texted(night, "ann"), heard(night, "bob")
    assert desk.verify("ann", "--code", by_call).startswith("home +1•••••••002")
    assert (is_verified(night, "ann", "home"), is_verified(night, "ann", "mobile")) == (True, False)
    assert "no number named 'office' (there are: home, mobile)" in desk.verify("ann", "--phone", "office")
    assert desk.verify("ann", "--phone", "mobile", "--code", by_text).startswith("mobile")


def test_the_sixth_guess_is_not_taken(night: Night, desk: Desk) -> None:
    """How many tries remain is said; then the code is dead, and a new one has as many."""
    desk.verify("ann")
    code = texted(night, "ann")
    left = [desk.verify("ann", "--code", another(code)) for _ in range(5)]
    assert [re.search(r"tries left: (\d)", said)[1] for said in left[:4]] == ["4", "3", "2", "1"]  # type: ignore[index]
    assert "last try" in left[4]
    assert "no code is out" in desk.verify("ann", "--code", code)
    assert not is_verified(night, "ann")
    desk.verify("ann")
    desk.verify("ann", "--code", texted(night, "ann"))
    assert is_verified(night, "ann")


def test_what_is_no_code_is_no_guess(night: Night, desk: Desk) -> None:
    """A slip of the thumb costs no try."""
    desk.verify("ann")
    assert "six digits" in desk.verify("ann", "--code", "12345")
    assert "tries left: 4" in desk.verify("ann", "--code", another(texted(night, "ann")))


def test_after_ten_minutes_a_code_is_dead(night: Night, desk: Desk) -> None:
    """And still good some seconds before."""
    desk.verify("ann")
    code = texted(night, "ann")
    night.after(minutes=10)
    assert "no code is out" in desk.verify("ann", "--code", code)
    desk.verify("ann")
    code = texted(night, "ann")
    night.after(minutes=9, seconds=55)
    assert "verified" in desk.verify("ann", "--code", code)


def test_a_call_that_is_answered_too_late_hears_no_code(night: Night, desk: Desk) -> None:
    """Nor one whose code a newer one has replaced."""
    desk.verify("ann", "--by", "call")
    night.ann.phone.rings()
    desk.verify("ann")
    texted(night, "ann")
    night.ann.phone.picks_up().listens_to_the_end().hears("does not count any more")


def test_another_number_in_the_configuration_is_not_verified(night: Night, desk: Desk) -> None:
    """Nor is that number under another's name. The old one again is."""
    desk.verify("ann")
    desk.verify("ann", "--code", texted(night, "ann"))
    found = site()
    ann, bob = found.roster.people["ann"], found.roster.people["bob"]

    def have(a: str, b: str) -> tuple[bool, bool]:
        people = {h: replace(p, contacts=(ContactMethod(Channel.VOICE, n),)) for h, p, n in (("ann", ann, a), ("bob", bob, b))}
        with night.system.store.transaction() as tx:
            tx.apply(replace(found, roster=replace(found.roster, people=people)), "")
        return is_verified(night, "ann"), is_verified(night, "bob")

    assert have(HOME, PHONES["ann"]) == (False, False)
    assert have(PHONES["ann"], PHONES["bob"]) == (True, False)


def test_no_more_than_five_codes_an_hour_go_to_a_number(night: Night, desk: Desk) -> None:
    """Whoever asks, for whomever; then when the next may go is said."""
    for _ in range(5):
        desk.verify("ann")
        texted(night, "ann")
    assert "enough codes went there within an hour; the next can go at 04:00 UTC" in desk.verify("ann")
    night.after(hours=1)
    desk.verify("ann")
    texted(night, "ann")


def test_a_number_that_nobody_verified_is_called_all_the_same(night: Night) -> None:
    """Never a condition for paging."""
    assert not is_verified(night, "ann")
    night.trouble("db-1 is down")
    night.ann.phone.rings().presses("1")
    assert night.status() is Status.ACKNOWLEDGED


def test_a_code_does_not_call_a_phone_that_is_being_paged(night: Night, desk: Desk) -> None:
    """It would keep it busy; a text may go."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    assert "a call of ours is on that phone" in desk.verify("ann", "--by", "call")
    desk.verify("ann")
    texted(night, "ann")
    night.ann.phone.presses("1")


def test_a_held_site_sends_no_code(night: Night, desk: Desk) -> None:
    """It has been restored, and somebody is still looking."""
    with night.system.store.transaction() as tx:
        tx.hold("restored")
    assert "refused: no code now: held since" in desk.verify("ann")


def test_what_the_carrier_refuses_is_said_and_costs_nothing(night: Night, desk: Desk) -> None:
    """The code before it still counts, and none of the five of an hour is used up."""
    desk.verify("ann")
    code = texted(night, "ann")
    for _ in range(6):
        night.world.faults.answer(400)
        assert "not sent: Plivo" in desk.verify("ann")
    assert "verified" in desk.verify("ann", "--code", code)


def test_neither_code_nor_number_is_kept_or_logged(night: Night, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """In no row, no log, not on the screen: only what they are made from."""
    caplog.set_level(logging.DEBUG)
    desk.verify("ann")
    codes = [texted(night, "ann")]
    desk.verify("ann", "--code", another(codes[0]))
    desk.verify("ann", "--by", "call")
    codes.append(heard(night, "ann"))
    secret = [*codes, PHONES["ann"][1:], PHONES["ann"][-7:]]
    shown = everything_kept(night) + desk.said + "\n".join(record.getMessage() for record in caplog.records)
    assert [each for each in secret if each in shown.replace(another(codes[0]), "")] == []
