"""What is announced beside incidents: once, after every page, again while a carrier is away, and dropped when it is no use any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from escalation.announcing import LEASE, Announcing
from escalation.domain.announcement import Announcement
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.store.queries import Queries
from escalation.store.schema import migrate
from escalation.store.sql import SqlStore
from tests.builders import NIGHT, PHONES, alert, site
from tests.domain.schedules import plain, weekly
from tests.fakes import FakeCarrier, FakeClock
from tests.store.nights import called

SOON = NIGHT + timedelta(hours=2)
ASK = Announcement("shift:1", "ann", Channel.SMS, "subject", "text", SOON)


@dataclass
class FakeTeller(FakeCarrier):
    """Takes what is told, or refuses it as it was told to."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, address: str, subject: str, text: str, identity: str) -> None:
        self.told.append((address, identity))
        if self.answers:
            raise self.answers.pop(0)


class Site:
    def __init__(self, folder: Path) -> None:
        self.clock, self.carrier = FakeClock(), FakeTeller()
        url = f"sqlite:///{folder}/site.sqlite"
        migrate(url)
        self.store = SqlStore(url, self.clock)
        with self.store.transaction() as tx:
            tx.apply(site(), "")

    def keeper(self) -> Announcing:
        return Announcing(self.store, dict.fromkeys(Channel, self.carrier))

    def keeps(self, what: Announcement) -> bool:
        with self.store.transaction() as tx:
            return tx.announce(what)

    def after(self, **by: float) -> list[tuple[str, str]]:
        """What was told by then, of this turn alone."""
        self.clock.move(**by)
        self.carrier.told.clear()
        self.keeper().turn()
        return list(self.carrier.told)

    @property
    def failed(self) -> int:
        return Queries(self.store).counters().get("announcement_failed", 0)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.store.dispose()


def test_the_same_is_kept_and_told_once(here: Site) -> None:
    """By the address that the person has when it is told."""
    assert [here.keeps(ASK), here.keeps(ASK)] == [True, False]
    assert here.after() == [(PHONES["ann"], "shift:1")]
    assert here.after(minutes=5) == []
    assert here.keeps(ASK) is False


def test_a_carrier_that_is_away_is_asked_again_and_again_less_often(here: Site) -> None:
    """Until it is over; then nobody is told, which is no failure of anybody's."""
    here.keeps(ASK)
    here.carrier.answers = [CarrierError(Verdict.RETRY, "away") for _ in range(20)]
    tries = [m for m in range(130) if here.after(minutes=1 if m else 0)]
    assert tries[:5] == [0, 1, 3, 7, 15]
    assert max(tries) < 120
    here.carrier.answers.clear()
    assert here.after(hours=3) == []


@pytest.mark.parametrize(("verdict", "failed"), [(Verdict.PERMANENT, 1), (Verdict.CREDENTIALS, 1), (Verdict.UNKNOWN, 0)])
def test_what_was_refused_or_may_have_arrived_is_not_said_twice(here: Site, verdict: Verdict, failed: int) -> None:
    """What was refused is counted."""
    here.keeps(ASK)
    here.carrier.answers = [CarrierError(verdict, "so it is")]
    here.after()
    assert (here.after(minutes=30), here.failed) == ([], failed)


def test_whoever_dies_in_the_middle_leaves_it_to_the_next(here: Site) -> None:
    """After a minute, and only then."""
    here.keeps(ASK)
    with here.store.transaction() as tx:
        assert tx.claim_announcement(LEASE)
    assert here.after(seconds=59) == []
    assert here.after(seconds=1) == [(PHONES["ann"], "shift:1")]


def test_somebody_who_left_or_opted_out_is_not_told(here: Site) -> None:
    """And it is counted: they expect to be."""
    here.keeps(ASK)
    here.keeps(replace(ASK, identity="shift:2", to="max"))
    with here.store.transaction() as tx:
        tx.block(Channel.SMS, PHONES["ann"], "STOP")
    assert (here.after(), here.failed) == ([], 2)


def test_a_shift_that_was_given_away_meanwhile_is_not_told(here: Site) -> None:
    """Complaint: notices of a shift that is somebody else's by now."""
    schedule = plain(weekly("ann", starts=NIGHT.date()), name="primary")
    with here.store.transaction() as tx:
        found = site()
        tx.apply(replace(found, roster=replace(found.roster, schedules={"primary": schedule})), "")
    here.keeps(replace(ASK, schedule="primary", starts_at=NIGHT + timedelta(days=1)))
    here.keeps(replace(ASK, identity="shift:2", to="bob", schedule="primary", starts_at=NIGHT + timedelta(days=1)))
    assert (here.after(), here.failed) == ([(PHONES["ann"], "shift:1")], 0)


def test_a_page_that_waits_goes_first(here: Site) -> None:
    """Announcements are the least urgent of all."""
    here.keeps(ASK)
    with here.store.transaction() as tx:
        _, jobs = called(tx, alert())
    assert here.after(seconds=20) == []
    with here.store.transaction() as tx:
        for job in jobs:
            tx.finish(job.id)
    assert here.after() == [(PHONES["ann"], "shift:1")]


def test_a_restored_site_tells_nobody(here: Site) -> None:
    """Until somebody has looked."""
    here.keeps(ASK)
    with here.store.transaction() as tx:
        tx.connection.exec_driver_sql("INSERT INTO held (why, since) VALUES ('restored', '2026-01-01T00:00:00.000000Z')")
    assert here.after() == []
    here.keeper().look_ahead()


def test_a_channel_without_a_carrier_is_a_failure(here: Site) -> None:
    """Which shows."""
    here.keeps(ASK)
    Announcing(here.store, dict.fromkeys(Channel, FakeCarrier())).turn()
    assert here.failed == 1


def test_what_is_long_over_is_forgotten(here: Site) -> None:
    """Told or not."""
    here.keeps(ASK)
    with here.store.transaction() as tx:
        assert [tx.forget_announcements(SOON, 10), tx.forget_announcements(SOON + timedelta(seconds=1), 10)] == [0, 1]
        assert tx.announced(["shift:1"]) == set()
