"""What the phone hears and what its keys do, the database there or not, on a real engine and SQLite."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from escalation.domain.events import Acknowledged, Resolved
from escalation.domain.incident import AttemptStatus, Via
from tests.processes import until
from tests.servers.wire import Wire
from tests.webhooks.plivo.line import Plivo, attempt, calling, dial, status, without_database

TOO_LONG = 1.8  # seconds: a second is promised, and the machine of a test may be busy; without the bound it is over 2


def test_whoever_picks_up_hears_the_reason_then_the_keys(ringing: Plivo) -> None:
    """And the machine knows that the call was answered."""
    heard = ringing.picks_up()
    assert "payments" in heard.words
    assert heard.words.index("db-1") < heard.words.index("Press 1")
    assert (heard.action, heard.redirect) == ("/plivo/calls/1-1-1/key/0", "/plivo/calls/1-1-1/silent/0")
    assert attempt(ringing) is AttemptStatus.ANSWERED


def test_1_acknowledges_and_says_so_once_it_is_true(ringing: Plivo) -> None:
    """The database has it before the phone says it."""
    heard = ringing.presses("1", ringing.picks_up())
    assert "acknowledged" in heard.words.lower()
    assert heard.hangs_up
    assert status(ringing) == "acknowledged"
    assert "Acknowledged by Ann, by phone." in ringing.receiver.story(1)


def test_9_then_1_on_one_call_repeats_and_acknowledges(ringing: Plivo) -> None:
    """Two keys, two menus: the second is not taken for a repeat of the first."""
    first = ringing.picks_up()
    second = ringing.presses("9", first)
    assert (second.words, second.action != first.action) == (first.words, True)
    ringing.presses("1", second)
    assert status(ringing) == "acknowledged"


def test_2_pages_the_next_one_and_names_them(ringing: Plivo) -> None:
    """Escalated."""
    heard = ringing.presses("2", ringing.picks_up())
    assert "Bob" in heard.words
    assert heard.hangs_up
    assert "Step 2" in ringing.receiver.story(1)


def test_a_stale_2_skips_nobody_and_says_so(ringing: Plivo) -> None:
    """The step moved on while the menu was spoken."""
    menu = ringing.picks_up()
    for _ in range(18):
        ringing.receiver.clock.after(seconds=20)
        ringing.receiver.system.engine.fire_due()
    heard = ringing.presses("2", menu)
    assert "nobody was skipped" in heard.words
    assert "Step 3" not in ringing.receiver.story(1)


def test_3_declines(ringing: Plivo) -> None:
    """Not the one: the next is paged."""
    heard = ringing.presses("3", ringing.picks_up())
    assert heard.hangs_up
    assert "Ann declined" in ringing.receiver.story(1)


@pytest.mark.parametrize("digit", ["7", "#", "*", "0", "12", "x"])
def test_a_wrong_key_is_called_wrong_and_the_menu_stays(ringing: Plivo, digit: str) -> None:
    """Nothing changes."""
    heard = ringing.presses(digit, ringing.picks_up())
    assert heard.words.startswith("That key means nothing")
    assert "Press 1" in heard.words
    assert status(ringing) == "triggered"


def test_silence_hears_it_three_times_and_then_it_is_over_and_not_acknowledged(ringing: Plivo) -> None:
    """Twice more, then goodbye; a 9 in between begins the count anew."""
    heard = ringing.presses("9", ringing.stays_silent(ringing.picks_up()))
    for _ in range(2):
        heard = ringing.stays_silent(heard)
        assert "Press 1" in heard.words
    heard = ringing.stays_silent(heard)
    assert "not acknowledged" in heard.words
    assert (heard.hangs_up, heard.action) == (True, "")
    assert status(ringing) == "triggered"


def test_no_digits_are_silence_and_no_wrong_key(ringing: Plivo) -> None:
    """Should Plivo post the action with nothing in it: three times, goodbye, as for any silence."""
    heard = ringing.picks_up()
    for _ in range(2):
        heard = ringing.presses("", heard)
        assert "means nothing" not in heard.words
        assert "Press 1" in heard.words
    heard = ringing.presses("", heard)
    assert "not acknowledged" in heard.words
    assert (heard.hangs_up, heard.action) == (True, "")


@pytest.mark.parametrize("digit", ["9", "7", "12"])
def test_no_call_goes_on_for_ever(ringing: Plivo, digit: str) -> None:
    """Whatever lies on that key: fifteen menus are enough, and the last key still counts."""
    heard, menus = ringing.picks_up(), [""]
    while heard.action and len(menus) < 40:
        menus.append(heard.action)
        heard = ringing.presses(digit, heard)
    assert len(menus) - 1 == 15
    assert "not acknowledged" in heard.words
    ringing.call(menus[-1].rpartition("1-1-1/")[2], Digits="1", CallUUID="another-call")
    assert status(ringing) == "acknowledged"


def test_silence_after_a_message_ends_the_call(ringing: Plivo) -> None:
    """A voicemail does not need to hear the menu."""
    heard = ringing.presses("", ringing.hears("message"))
    assert (heard.hangs_up, heard.action) == (True, "")


def test_after_silence_at_the_fallback_the_incident_is_read_out(ringing: Plivo) -> None:
    """What had failed works again; and it ends like any other menu."""
    heard = ringing.stays_silent(ringing.hears("fallback"))
    assert "db-1 is down" in heard.words
    heard = ringing.stays_silent(ringing.stays_silent(heard))
    assert (heard.hangs_up, heard.action) == (True, "")


@pytest.mark.parametrize("digit", ["", "9", "7", "1"])
def test_no_call_goes_on_for_ever_without_a_database_either(tmp_path: Path, digit: str) -> None:
    """Silence less long than keys."""
    plivo = without_database(tmp_path)
    heard, menus = plivo.picks_up(), 0
    while heard.action and menus < 40:
        menus += 1
        heard = plivo.presses(digit, heard)
    assert menus <= (15 if digit else 3)
    assert heard.hangs_up


def test_every_menu_of_a_call_has_a_key_address_of_its_own(ringing: Plivo) -> None:
    """Whatever the order of silences, repeats and wrong keys."""
    heard, seen = ringing.picks_up(), set()
    for move in ("silent", "9", "7", "silent", "silent", "9"):
        assert heard.action not in seen
        seen.add(heard.action)
        heard = ringing.stays_silent(heard) if move == "silent" else ringing.presses(move, heard)
    assert heard.action not in seen


def test_who_was_first_is_said_and_the_call_ends(ringing: Plivo) -> None:
    """Picking up after somebody else had it: no menu, a name."""
    ringing.receiver.system.engine.tell(1, Acknowledged("bob", Via.CONSOLE))
    heard = ringing.picks_up()
    assert "Bob has it already" in heard.words
    assert (heard.hangs_up, heard.action) == (True, "")


def test_a_key_after_somebody_else_had_it_hears_who(ringing: Plivo) -> None:
    """Two people at the same second: both hear the truth."""
    menu = ringing.picks_up()
    ringing.receiver.system.engine.tell(1, Acknowledged("bob", Via.CONSOLE))
    assert "Bob has it already" in ringing.presses("1", menu).words


def test_a_resolved_incident_is_called_resolved(ringing: Plivo) -> None:
    """At picking up and at every key."""
    menu = ringing.picks_up()
    ringing.receiver.system.engine.tell(1, Resolved("the monitor", Via.MONITOR))
    assert "resolved" in ringing.presses("1", menu).words
    assert "resolved" in ringing.picks_up().words


def test_a_machine_gets_a_short_message_and_a_key_still_counts(ringing: Plivo) -> None:
    """A person who was taken for a machine can acknowledge."""
    heard = ringing.hears("message")
    assert "not acknowledged" in heard.words
    ringing.presses("1", heard)
    assert status(ringing) == "acknowledged"


@pytest.mark.parametrize("name", ["9-1-1", "1-9-1", "1-1-9"])
def test_a_call_that_nobody_knows_is_answered_all_the_same(ringing: Plivo, name: str) -> None:
    """A restored database: XML, never an error, and nobody else's attempt changes."""
    for what in ("answer", "message", "silent/0", "key/0"):
        assert ringing.hears(what, name).words
    assert attempt(ringing) is AttemptStatus.ACCEPTED


@pytest.mark.parametrize("name", ["x", "1-1", "0-1-1", "1-1-1-1", "1-1-" + "9" * 30, "1-1-%31"])
def test_a_broken_name_is_answered_all_the_same(plivo: Plivo, name: str) -> None:
    """Signed, so it is Plivo's: it gets XML, and news about it is taken note of."""
    assert plivo.hears("answer", name).words if "%" not in name else plivo.call("answer", name).status_code == 403
    assert plivo.call("ring", name).status_code in (200, 403)


def test_what_nobody_knows_is_said_with_a_goodbye(ringing: Plivo) -> None:
    """The line does not just fall silent."""
    assert ringing.hears("answer", "9-1-1").words == "There is no such incident. There is nothing to do. Goodbye."
    assert ringing.hears("key/0", "9-1-1", Digits="1").words.endswith("Goodbye.")


@pytest.mark.parametrize(("digit", "is_unsaved"), [("1", True), ("2", True), ("3", True), ("9", False), ("7", False)])
def test_only_a_key_that_would_change_something_is_called_unsaved(tmp_path: Path, digit: str, is_unsaved: bool) -> None:
    """A 9 had nothing to save; and whichever key it was, it is that one to press again."""
    plivo = without_database(tmp_path)
    heard = plivo.presses(digit, plivo.picks_up())
    assert ("could not be saved, so nothing has changed. Press your key again" in heard.words) is is_unsaved
    assert heard.action


def test_the_same_key_delivered_twice_is_one_and_is_answered_alike(ringing: Plivo) -> None:
    """Plivo asks again when our answer was lost."""
    menu = ringing.picks_up()
    first, again = ringing.presses("2", menu), ringing.presses("2", menu)
    assert first.words == again.words
    assert ringing.receiver.story(1).count("Escalated by") == 1


def test_without_a_database_the_phone_still_hears_something_and_keeps_the_menu(tmp_path: Path) -> None:
    """Nothing is called saved that is not; the key can be pressed again, in a menu of its own."""
    plivo = without_database(tmp_path)
    menu = plivo.picks_up()
    assert "incident" in menu.words
    again = plivo.presses("1", menu)
    assert "could not be saved" in again.words
    assert "cknowledged" not in again.words
    assert again.action not in ("", menu.action)
    for what in ("message", "silent/0", "fallback", "key/0"):
        assert plivo.hears(what).words


def test_a_locked_database_is_answered_in_time(ringing: Plivo) -> None:
    """Eight keys at once wait for nobody: said to be unsaved, and they are. The lock is given up when all have been answered."""
    menu = ringing.picks_up()
    path = ringing.receiver.system.settings.data_dir / "escalation.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    phones = [ringing.with_own_client() for _ in range(8)]
    with ThreadPoolExecutor(8) as callers:
        began = time.monotonic()
        heard = list(callers.map(lambda phone: phone.presses("1", menu), phones))
        took = time.monotonic() - began
    other.rollback()
    other.close()
    assert took < TOO_LONG
    assert all("could not be saved" in one.words for one in heard)
    assert status(ringing) == "triggered"
    ringing.presses("1", heard[0])
    assert status(ringing) == "acknowledged"


def test_a_silent_database_is_answered_in_time_too(tmp_path: Path, postgres_url: str) -> None:
    """It takes every word and says nothing, on old connections and on new ones: the menu goes on without it."""
    wire = Wire(postgres_url)
    plivo = calling(tmp_path, database_url=wire.url)
    plivo.receiver.trouble()
    dial(plivo)
    menu = plivo.picks_up()
    with wire.frozen():
        began = time.monotonic()
        heard = plivo.presses("1", menu)
        took = time.monotonic() - began
        silent = plivo.stays_silent(menu)
    assert took < TOO_LONG
    assert "could not be saved" in heard.words
    assert silent.action
    plivo.presses("1", heard)
    assert status(plivo) == "acknowledged"
    plivo.receiver.system.store.dispose()
    wire.cut()


def test_what_is_only_said_waits_for_no_writer(ringing: Plivo) -> None:
    """A repeat and a silence read: they hear the incident although somebody else writes."""
    menu = ringing.picks_up()
    with ringing.receiver.system.store.transaction():
        assert "db-1 is down" in ringing.presses("9", menu).words
        assert "db-1 is down" in ringing.stays_silent(menu).words


def test_the_fallback_needs_no_database_and_its_key_counts(ringing: Plivo) -> None:
    """Asked for when our answer failed: what failed may work again by the time a key is pressed."""
    ringing.presses("1", ringing.hears("fallback"))
    assert status(ringing) == "acknowledged"


@pytest.mark.parametrize("digit", ["9", "7", ""])
def test_whoever_is_in_the_menu_has_picked_up(ringing: Plivo, digit: str) -> None:
    """Should the answer itself never have been noted: or the ring timer would hang up on them."""
    path = "/plivo/calls/1-1-1/key/0" if digit else "/plivo/calls/1-1-1/silent/0"
    assert ringing.follows(path, Digits=digit).action
    assert until(lambda: attempt(ringing) is AttemptStatus.ANSWERED)


def test_a_menu_that_somebody_else_made_pointless_is_not_taken_for_picking_up(ringing: Plivo) -> None:
    """A call of a settled attempt that is told of as answered would be hung up in the middle of a sentence."""
    ringing.picks_up()
    ringing.receiver.system.engine.tell(1, Acknowledged("bob", Via.CONSOLE))
    before = ringing.receiver.story(1)
    assert "Bob has it already" in ringing.follows("/plivo/calls/1-1-1/silent/0").words
    assert ringing.receiver.story(1) == before
