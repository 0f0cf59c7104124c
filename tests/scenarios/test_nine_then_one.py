"""Keys are known by call and menu hop."""

from __future__ import annotations

from escalation.domain.incident import Status
from tests.scenarios.night import Night


def test_nine_then_one_on_one_menu(night: Night) -> None:
    """9 repeats the menu, and the 1 after it is a second key, not a doubled first."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().listens().presses("9").listens(10)
    assert night.status() is Status.TRIGGERED
    night.ann.phone.presses("1").hears("acknowledged")
    assert " ".join(night.ann.phone.phone.heard).lower().count("db-1 is down") >= 2


def test_a_wrong_key_says_so_and_leaves_the_menu_open(night: Night) -> None:
    """7 means nothing; 1 after it counts."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().presses("7").presses("1").hears("acknowledged")


def test_nobody_presses_anything_and_the_call_ends_by_itself(night: Night) -> None:
    """Repeated twice, then it hangs up, not acknowledged; the ladder goes on."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().picks_up().listens_to_the_end().hears("not acknowledged")
    assert " ".join(night.ann.phone.phone.heard).lower().count("db-1 is down") == 3
    night.ann.sms.reads("INC-1")
    assert night.status() is Status.TRIGGERED
    night.after(minutes=2, seconds=1)
    night.ann.phone.rings().presses("1")
