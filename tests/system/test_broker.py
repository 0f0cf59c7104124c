"""The broker is away, or worse, says nothing: alerts are taken, phones ring, keys count, and nobody waits for it."""

from __future__ import annotations

import pytest

from tests.system.site import Site

GENEROUS = 5.0  # seconds, on a machine with other work to do; the measured times are printed


@pytest.mark.slow
def test_without_a_broker_alerts_are_taken_and_phones_ring_and_when_it_is_back_the_workers_go_on(site: Site) -> None:
    """The broker is killed with one incident in mid-step: a new one is taken at once, both are paged by the timekeeper. After the
    restart the workers come back by themselves and page without it."""
    site.start("broker", "pages", "timekeeper", "receiver")
    site.bob.does(habit="answers", after=0.3, presses="1", wait=0.3)
    paged, _ = site.alert("shop", "open when the broker dies")
    site.ann.rings()
    site["broker"].kill()
    _, taken_in = site.alert("bank", "comes when the broker is dead")
    site.ann.picks_up().presses("2").hears("escalated")
    print(f"broker dead: alert taken in {taken_in:.3f} s, its phone rang after {site.cleo.rings():.1f} s")
    assert taken_in < GENEROUS
    site.bob.rang()
    site.is_acknowledged(paged, "bob")
    site.start("broker")
    site["timekeeper"].freeze()
    site.alert("mail", "comes when the broker is back")
    print(f"broker back: the workers called after {site.dan.rings(60):.1f} s")


@pytest.mark.slow
def test_a_frozen_broker_delays_no_answer(site: Site) -> None:
    """It accepts connections and never says a word. An alert, the phone's first words, a key press and the command line have their
    answers as quickly as ever; only the page waits, for the timekeeper."""
    site.start("broker", "pages", "timekeeper", "receiver")
    site.ann.does(habit="ignores", after=0.3)
    site.alert("shop", "opens the connections that will hang")
    site.ann.rang()
    site["broker"].freeze()
    try:
        incident, taken_in = site.alert("bank", "comes when the broker is frozen")
        waited = site.cleo.rings()
        site.cleo.picks_up().hears("press 1").presses("1").hears("acknowledged")
        site.is_acknowledged(incident, "cleo")
        (answered,), (pressed,) = site.cleo.answered_in("Answer"), site.cleo.answered_in("Action")
        assert max(taken_in, answered, pressed) < GENEROUS
        storm = [site.alert("bank", f"storm {n}")[1] for n in range(20)]
        assert max(storm) < GENEROUS
        shown = site.command("ack", f"INC-{incident}")
    finally:
        site["broker"].thaw()
    print(
        f"broker frozen: alert taken in {taken_in:.3f} s (20 more: at most {max(storm):.3f} s), phone rang after {waited:.1f} s,"
    )
    print(f"answer callback {answered:.3f} s, key press {pressed:.3f} s")
    assert shown.returncode == 0, shown.stderr
    site["timekeeper"].freeze()
    site.alert("mail", "comes when it has thawed")
    print(f"broker thawed: the workers called after {site.dan.rings(60):.1f} s")
