"""The machine with the database is lost in mid-page; a backup of some minutes before is all there is."""

from __future__ import annotations

from pathlib import Path

from escalation.domain.incident import Status
from escalation.local import backup
from tests.scenarios.night import PUBLIC, Night, on_both_databases

pytestmark = on_both_databases


def saved(night: Night, folder: Path) -> Path:
    """A backup of this moment."""
    backup.write(night.settings.sql_url, folder / "backup", clock=night.clock)
    return folder / "backup"


def restored(night: Night, file: Path) -> None:
    backup.restore(night.settings.sql_url, file, force=True, clock=night.clock)


def resumed(night: Night) -> None:
    with night.system.store.transaction() as tx:
        assert tx.let_go()
    night.settle()


def test_the_next_person_rings_and_the_old_call_is_not_placed_again(night: Night, tmp_path: Path) -> None:
    """Ann's phone rang when the backup was taken; her step is over when the site is back."""
    night.trouble("db-1 is down")
    file = saved(night, tmp_path)
    with night.database_away():
        night.ann.phone.rings().is_ignored()
        night.after(minutes=10)
    restored(night, file)
    night.after(minutes=5)
    night.bob.phone.is_silent()
    resumed(night)
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.story_says("Restored from a backup", "not sent again", "Step 2 of 4")
    night.after(minutes=30)


def test_what_was_lost_with_the_outbox_is_not_sent_and_paging_goes_on(night: Night, tmp_path: Path) -> None:
    """No worker had come for Ann's call yet: it may have gone out after the backup. Her text goes, then the ladder's next call."""
    night.workers.alive = False
    night.trouble("db-1 is down")
    file = saved(night, tmp_path)
    night.clock.move(seconds=40)
    night.workers.alive = True
    restored(night, file)
    night.settle()
    night.ann.phone.is_silent()
    resumed(night)
    night.ann.sms.reads("INC-1")
    night.after(minutes=2, seconds=1)
    night.ann.phone.rings().presses("1").hears("acknowledged")


def test_an_alert_while_it_is_held_is_taken_and_paged_when_it_goes_on(night: Night, tmp_path: Path) -> None:
    """Nobody is paged before somebody has looked; nothing that came in is lost."""
    file = saved(night, tmp_path)
    night.clock.move(seconds=40)
    restored(night, file)
    number = night.trouble("db-2 is down")
    night.after(minutes=1)
    night.ann.phone.is_silent()
    ready = night.browser().get("/readyz", base_url=PUBLIC)
    assert ready.status_code == 503
    assert "escalation resume" in ready.get_data(as_text=True)
    resumed(night)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    assert (number > 1000, night.status(number)) == (True, Status.ACKNOWLEDGED)


def test_what_was_acknowledged_stays_so(night: Night, tmp_path: Path) -> None:
    """Nobody is woken for what somebody has."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().presses("1").hears("acknowledged")
    file = saved(night, tmp_path)
    night.clock.move(seconds=40)
    restored(night, file)
    resumed(night)
    night.after(minutes=20)  # the acknowledgement itself lasts half an hour
    assert night.status() is Status.ACKNOWLEDGED
