"""A layer that is somebody's calendar: who is on call by it, what is wrong with it and where, and files that mean us no good."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.config import ical
from escalation.config.diff import diff
from escalation.config.faults import Refused
from escalation.config.load import load
from escalation.domain.overrides import Absence
from escalation.domain.roster import Roster
from escalation.errors import BadConfig
from tests.config.texts import GOOD
from tests.domain.schedules import utc

SCHEDULES = """\
schedules:
  primary:
    timezone: Europe/Berlin
    layers:
      - {name: always, people: [bob], starts: 2026-01-05}
      - {name: calendar, ical: rota.ics}
"""
TEXT = GOOD.replace("services:\n", SCHEDULES + "services:\n").replace("page: ann\n", "page: schedule:primary\n")
LINE = f"line {TEXT[: TEXT.index('ical:')].count(chr(10)) + 1}: "
NOW = utc(2026, 3, 4, 12)
HEAD, TAIL = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "END:VCALENDAR\r\n"


def event(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", *lines, "END:VEVENT"))


WEEK = event("UID:1", "SUMMARY:Ann", "DTSTART:20260302T090000", "DTEND:20260309T090000", "RRULE:FREQ=WEEKLY;INTERVAL=2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def read(folder: Path, *events: str, text: str = TEXT, now: datetime | None = NOW) -> Roster:
    (folder / "rota.ics").write_text(HEAD + "".join(events) + TAIL, newline="")
    return load(text, folder, now).site.roster


def faults(folder: Path, data: bytes | str, text: str = TEXT) -> list[str]:
    (folder / "rota.ics").write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(BadConfig) as caught:
        load(text, folder, NOW)
    return caught.value.faults


def who(roster: Roster, *when: int) -> tuple[str, ...]:
    shift = roster.shift("primary", utc(*when))
    assert shift
    return shift.people


def test_its_events_are_shifts_and_the_layer_below_shows_through(folder: Path) -> None:
    """In the schedule's time where they name none: nine in Berlin, in summer too."""
    site = read(folder, WEEK)
    assert [who(site, 2026, 3, 2, 7, 59), who(site, 2026, 3, 2, 8), who(site, 2026, 3, 9, 8)] == [("bob",), ("ann",), ("bob",)]
    assert [who(site, 2026, 3, 30, 6, 59), who(site, 2026, 3, 30, 7)] == [("bob",), ("ann",)]


def test_a_shift_over_the_night_on_which_clocks_are_changed_leaves_no_hole(folder: Path) -> None:
    """From nine to nine by the clock on the wall; an exact length would leave an hour to nobody."""
    every = event("SUMMARY:Ann", "DTSTART;TZID=Europe/Berlin:20260302T090000", "DTEND;TZID=Europe/Berlin:20260309T090000",
                  "RRULE:FREQ=WEEKLY")  # fmt: skip
    site = read(folder, every, now=utc(2026, 10, 1))
    assert all(who(site, 2026, 10, day, hour) == ("ann",) for day in (24, 25, 26, 27) for hour in range(24))


@pytest.mark.parametrize(
    "line",
    [
        'ATTENDEE;CN="Example, Ann":mailto:Ann@Example.org',
        "SUMMARY:ann",
        "SUMMARY: ANN EXAMPLE ",
        "ATTENDEE:MAILTO:ann@example.org",
    ],
)
def test_people_are_known_by_invitation_or_by_name(folder: Path, line: str) -> None:
    """Whoever else is invited does not count."""
    other = "ATTENDEE:mailto:list@example.org"
    site = read(folder, event(line, other, "DTSTART:20260302T080000Z", "DTEND:20260303T080000Z"))
    assert who(site, 2026, 3, 2, 12) == ("ann",)


def test_one_that_was_moved_left_out_or_cancelled_is_so(folder: Path) -> None:
    """EXDATE, RECURRENCE-ID, STATUS."""
    daily = event("UID:1", "SUMMARY:Ann", "DTSTART:20260302T080000Z", "DTEND:20260302T100000Z", "RRULE:FREQ=DAILY",
                  "EXDATE:20260303T080000Z")  # fmt: skip
    moved = event("UID:1", "RECURRENCE-ID:20260304T080000Z", "SUMMARY:ann", "DTSTART:20260304T200000Z", "DURATION:PT1H")
    gone = event("UID:2", "STATUS:CANCELLED", "SUMMARY:who cares", "DTSTART:20260305T200000Z", "DURATION:PT1H")
    site = read(folder, daily, moved, gone)
    assert [who(site, 2026, 3, d, 9)[0] for d in (2, 3, 4, 5)] == ["ann", "bob", "bob", "ann"]
    assert who(site, 2026, 3, 4, 20) == ("ann",)


def test_events_that_meet_are_shifts_together(folder: Path) -> None:
    """From when both are there."""
    ann = event("SUMMARY:ann", "DTSTART:20260302T080000Z", "DTEND:20260302T120000Z")
    bob = event("SUMMARY:bob", "DTSTART:20260302T100000Z", "DTEND:20260302T140000Z")
    site = read(folder, ann, bob, text=TEXT.replace("      - {name: always, people: [bob], starts: 2026-01-05}\n", ""))
    assert [who(site, 2026, 3, 2, h) for h in (8, 10, 12, 14)] == [("ann",), ("ann", "bob"), ("bob",), ()]


def test_whoever_is_away_is_covered_by_the_layer_below(folder: Path) -> None:
    """A calendar does not say who would be next."""
    site = read(folder, WEEK)
    away = Roster(site.people, schedules=site.schedules, absences=(Absence("ann", utc(2026, 3, 2), utc(2026, 3, 5)),))
    assert [who(away, 2026, 3, 3), who(away, 2026, 3, 6)] == [("bob",), ("ann",)]


def test_a_change_of_the_calendar_is_a_change_of_the_configuration(folder: Path) -> None:
    """Which is applied though its own text is the same."""
    read(folder, WEEK)
    before = load(TEXT, folder, NOW).site
    read(folder, WEEK.replace("SUMMARY:Ann", "SUMMARY:bob"))
    assert diff(before, before) == []
    [line] = diff(before, load(TEXT, folder, NOW).site)
    assert "layer calendar" in line
    assert "imported: " in line


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (HEAD + event("SUMMARY:max", "DTSTART:20260302T080000Z", "DURATION:PT1H") + TAIL, "event 1 (line 3 of the calendar): means nobody"),
        (HEAD + WEEK + event("SUMMARY:ann", "DURATION:PT1H") + TAIL, "event 2 (line 10 of the calendar): has no DTSTART"),
        (HEAD + WEEK.replace("WEEKLY", "SECONDLY") + TAIL, "event 1 (line 3 of the calendar): RRULE: only"),
        (HEAD + WEEK.replace("DTSTART:", "DTSTART;TZID=Mars/Base:") + TAIL, "no such time zone"),
        (HEAD + WEEK.replace("DTSTART:", "DTSTART;TZID=../../../etc/passwd:") + TAIL, "no such time zone"),
        (HEAD + WEEK.replace("UID:1", "RDATE:20260302T080000Z") + TAIL, "RDATE is not read here"),
        (HEAD + WEEK.replace("UID:1", "DTSTART:20260302T080000Z") + TAIL, "DTSTART is said twice, in lines 4 and 6"),
        (HEAD + WEEK, "cut short"),
        ("BEGIN:VEVENT\r\nEND:VEVENT\r\n", "line 1: no calendar"),
        ("<html>not found</html>", "line 1: not a line of a calendar"),
        (HEAD + "END:VEVENT\r\n", "line 3: ends what it has not begun"),
        (HEAD + "BEGIN:X\r\n" * 100_000, "nested more than"),
        (HEAD.encode() + b"X:\xff\xfe\r\n", "line 3: not UTF-8 text"),
        (HEAD + "X:" + "y" * 20_000, "line 3: longer than 10,000 bytes"),
        (HEAD + "X:\r\n" + " y\r\n" * 100_000, "line 3: longer than 10,000 bytes"),
        (b"\0" * 2_000_000, "longer than 1,000,000 bytes"),
        (HEAD + event("X:1") * 3_000 + TAIL, "more than 2,000 events"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(folder: Path, data: bytes | str, said: str) -> None:
    """The line of the configuration, the event and its line in the calendar; never an address."""
    found = faults(folder, data)
    assert any(said in fault for fault in found), found
    assert all(fault.startswith(f"{LINE}schedules.primary.layers.2.ical: ") for fault in found)
    assert not any("example.org" in fault for fault in found)


def test_all_faults_come_at_once_up_to_twenty(folder: Path) -> None:
    """And nothing is applied."""
    bad = event("SUMMARY:max", "DTSTART:20260302T080000Z", "DURATION:PT1H")
    assert len(faults(folder, HEAD + bad * 2 + TAIL)) == 2
    many = faults(folder, HEAD + bad * 500 + TAIL)
    assert len(many) == 21
    assert many[-1].endswith("and more of the kind")


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("{name: calendar, ical: https://calendar.example.org/x.ics}", "a file beside the configuration expected"),
        ("{name: calendar, ical: nowhere.ics}", "no such file"),
        ("{name: calendar, ical: .}", "no such file"),
        ('{name: calendar, ical: "a\\0b"}', "one line of text expected"),
        ("{name: calendar, ical: rota.ics, people: [bob]}", "an `ical` layer has no rotation"),
        ("{name: calendar, ical: rota.ics, only: {days: [mon]}}", "an `ical` layer has no rotation"),
        ("{name: calendar, starts: 2026-01-05}", "`people` is missing"),
        ("{name: calendar, people: [bob]}", "`starts` is missing"),
    ],
)
def test_a_layer_is_a_rotation_or_a_calendar(folder: Path, layer: str, said: str) -> None:
    """And the calendar is a file: nothing is fetched."""
    found = faults(folder, HEAD + WEEK + TAIL, TEXT.replace("{name: calendar, ical: rota.ics}", layer))
    assert any(said in fault and fault.startswith(LINE) for fault in found), found


def test_as_much_as_a_file_may_hold_is_read_in_seconds(folder: Path) -> None:
    """Two thousand endless daily rules: refused by their number, with little time and memory."""
    daily = event("SUMMARY:ann", "DTSTART:20000101T000000", "DURATION:PT1H", "RRULE:FREQ=DAILY")
    tracemalloc.start()
    begun = perf_counter()
    found = faults(folder, HEAD + daily * 2_000 + TAIL)
    took, (_, peak) = perf_counter() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert any("more than 10,000 shifts" in fault for fault in found)
    assert took < 20  # with every allocation watched, on a busy machine; 1 s otherwise
    assert peak < 100_000_000


def test_twenty_people_at_once_are_enough(folder: Path) -> None:
    """A calendar that invites the whole company."""
    people = "".join(f'  p{n}: {{phone: "+15550100001", email: p{n}@example.org}}\n' for n in range(30))
    invited = [f"ATTENDEE:mailto:p{n}@example.org" for n in range(30)]
    all_of_them = HEAD + event(*invited, "DTSTART:20260302T080000Z", "DURATION:PT1H") + TAIL
    found = faults(folder, all_of_them, TEXT.replace("teams:\n", people + "teams:\n"))
    assert any("more than 20 people are on call at once on 2026-03-02" in fault for fault in found), found


PIECES = st.sampled_from(
    [
        "BEGIN:VCALENDAR\r\n", "END:VCALENDAR\r\n", "BEGIN:VEVENT\r\n", "END:VEVENT\r\n", "BEGIN:VALARM\r\n", "SUMMARY:ann\r\n", "RRULE:",
        "FREQ=DAILY", ";COUNT=9", ";", ":", "\r\n", "\n", " ", "\t", "DTSTART:20260302T080000Z\r\n", "DTSTART;TZID=", '"', "Europe/Berlin",
        "DURATION:PT1H\r\n", "DTEND:20260302T080001Z\r\n", "ATTENDEE:mailto:ann@example.org\r\n", "\0", "\u2028", "UID:1\r\n",
        "EXDATE:20260302T080000Z,20260303\r\n", "RECURRENCE-ID:20260302T080000Z\r\n",
    ]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join))
def test_any_file_is_read_or_refused(made: str) -> None:
    """Nothing else comes out of it, whatever is in it."""
    for text in (made, HEAD + event("SUMMARY:ann", "DTSTART:20260302T080000Z", made.strip() or "X:") + TAIL):
        try:
            found = ical.events(text.encode(errors="replace"))
        except Refused:
            continue
        assert all(isinstance(one, ical.Event) for one in found)


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_any_file_makes_a_configuration_or_faults(tmp_path_factory: pytest.TempPathFactory, made: str) -> None:
    """Through the whole loader."""
    folder = tmp_path_factory.mktemp("fuzz")
    inside = HEAD + event("SUMMARY:ann", "DTSTART:20260302T080000Z", made.strip("\r\n") or "X:1") + TAIL
    (folder / "rota.ics").write_bytes(inside.encode(errors="replace"))
    try:
        load(TEXT, folder, NOW)
    except BadConfig as error:
        assert all(fault.startswith(LINE) for fault in error.faults)


def test_an_instant_is_found_as_quickly_as_in_a_rotation(folder: Path) -> None:
    """Ten thousand stretches are looked through by halves."""
    site = read(folder, *(event("SUMMARY:ann", f"DTSTART:20260302T{n % 24:02}{n // 24 % 60:02}00Z", "DURATION:PT1M", "RRULE:FREQ=DAILY")
                          for n in range(0, 400, 20)))  # fmt: skip
    begun = perf_counter()
    for n in range(1000):
        site.shift("primary", NOW + timedelta(hours=n))
    assert perf_counter() - begun < 1
