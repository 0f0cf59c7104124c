"""`/calendar/…`: who may read one, what is answered to whom, and that its secret is in no log."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from escalation.domain.links import calendar_token
from escalation.domain.overrides import Override
from tests import ical_reader
from tests.builders import NIGHT
from tests.domain.schedules import plain, weekly
from tests.webhooks import receiver as receivers
from tests.webhooks.receiver import SECRET, Receiver, receiver
from webhooks import guard


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    """Ann and Bob by turns in the schedule primary."""
    made = receiver(tmp_path)
    configured(made, "ann", "bob")
    return made


def configured(desk: Receiver, *turns: str) -> None:
    found = receivers.site()
    schedule = plain(weekly(*turns, starts=NIGHT.date()), name="primary")
    with desk.system.store.transaction() as tx:
        tx.apply(replace(found, roster=replace(found.roster, schedules={"primary": schedule})), "")


def address(owner: str = "ann", edition: int = 0, secret: str = SECRET) -> str:
    return f"/calendar/{calendar_token(secret, owner, edition)}.ics"


def test_a_calendar_is_read_by_its_address_alone(desk: Receiver) -> None:
    """By programs that can show no password; nothing personal is in the address."""
    answer = desk.client.get(address())
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    found = ical_reader.calendar(answer.data)
    assert {e["SUMMARY"] for e in ical_reader.events(found)} == {"On call: primary"}
    assert "ann" not in address()
    assert desk.client.get(address("schedule:primary")).status_code == 200


def test_what_is_arranged_is_in_it_at_once(desk: Receiver) -> None:
    """An override, by the next fetch."""
    tag = desk.client.get(address("lee")).headers["ETag"]
    now = desk.clock.now()
    desk.system.engine.arrange(Override(0, "primary", now, now + timedelta(hours=8), "lee", "ann"), by="lee")
    answer = desk.client.get(address("lee"), headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert len(ical_reader.events(ical_reader.calendar(answer.data))) == 1


def test_what_did_not_change_is_not_sent_again(desk: Receiver) -> None:
    """All day long, with the tag that was given."""
    tag = desk.client.get(address()).headers["ETag"]
    desk.clock.after(hours=5)
    again = desk.client.get(address(), headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag


@pytest.mark.parametrize(
    "path",
    [
        address(secret="another secret key of somebody's"),
        address("max"),
        address(edition=1),
        address()[:-6] + "..ics",
        "/calendar/.ics",
        "/calendar/" + "x" * 5000 + ".ics",
        "/calendar/%00%ff%f0%9f%9a%a8.ics",
        "/calendar/ann.ics",
        "/calendar",
    ],
)
def test_any_other_address_is_not_there(desk: Receiver, path: str) -> None:
    """And says no more than that."""
    answer = desk.client.get(path)
    assert answer.status_code == 404
    assert b"calendar" not in answer.data.lower()


def test_a_renewed_address_makes_the_old_one_void(desk: Receiver) -> None:
    """That of this person alone."""
    with desk.system.store.transaction() as tx:
        assert tx.renew_calendar("ann", "bob") == 1
        assert tx.renew_calendar("ann", "bob") == 2
    assert [desk.client.get(address("ann", n)).status_code for n in range(4)] == [404, 404, 200, 404]
    assert desk.client.get(address("bob")).status_code == 200


def test_whoever_left_has_no_calendar(desk: Receiver) -> None:
    """Also where theirs was renewed once."""
    with desk.system.store.transaction() as tx:
        tx.renew_calendar("max", "bob")
        tx.renew_calendar("schedule:gone", "bob")
    assert desk.client.get(address("max", 1)).status_code == 404
    assert desk.client.get(address("schedule:gone", 1)).status_code == 404


def test_without_a_secret_key_nobody_reads_anything(tmp_path: Path) -> None:
    """What an empty key signs anybody can sign."""
    open_desk = receiver(tmp_path, secret_key="")
    configured(open_desk, "ann")
    assert open_desk.client.get(address(secret="")).status_code == 404


def test_a_database_that_is_away_is_said_and_not_broken(tmp_path: Path) -> None:
    """The program keeps what it has and comes again."""
    answer = receivers.without_database(tmp_path / "away").client.get(address())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_nothing_is_changed_by_it(desk: Receiver) -> None:
    """Read-only: there is nothing to post."""
    assert desk.client.post(address()).status_code == 405


def test_the_address_is_in_no_log(desk: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """Neither ours nor the server's, which reads the environment afterwards; escaped or not."""
    caplog.set_level(logging.DEBUG)
    token = address().split("/")[-1]
    environment = {"PATH_INFO": address(), "RAW_URI": f"/%63alendar/{token}", "QUERY_STRING": "", "wsgi.input": None}
    guard.MaskedAddress(lambda *_: [])(environment, lambda *_: lambda _: None)
    assert token not in str(environment)
    desk.client.get(address())
    assert token not in caplog.text
    assert guard.masked(f"https://pager.test{address()}") == "https://pager.test/calendar/***"
