"""What `escalation simulate` said beforehand, beside the night as it was: the same words at the same minute."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from escalation.domain.simulation import Answer, Answers, simulate
from tests.builders import NIGHT, alert, incident, roster
from tests.scenarios.night import Night

TOLD = re.compile(r"Called|Wrote to|Step|Nobody|Acknowledged|Escalated|Declined|EXHAUSTED|voicemail")
SLACK = timedelta(minutes=1)  # how long people let it ring, and how long they think, is theirs


def foretold(answers: dict[str, Answers]) -> list[tuple[datetime, str]]:
    night = simulate(incident(), alert(), roster(), answers, NIGHT)
    return [(entry.at, entry.text) for entry in night.entries if TOLD.search(entry.text)]


def was(night: Night) -> list[tuple[datetime, str]]:
    lines = [line.split("  ", 1) for line in night.story().splitlines()]
    at = [datetime.combine(NIGHT, datetime.strptime(time, "%H:%M:%S").time(), NIGHT.tzinfo) for time, _ in lines]
    return [(then, text) for then, (_, text) in zip(at, lines, strict=True) if TOLD.search(text)]


def the_same(night: Night, answers: dict[str, Answers]) -> None:
    came, said = (
        sorted(story, key=lambda one: (one[1], one[0])) for story in (was(night), foretold(answers))
    )  # some share a second
    assert [text for _, text in came] == [text for _, text in said]
    late = [(text, at - then) for (at, text), (then, _) in zip(came, said, strict=True) if abs(at - then) > SLACK]
    assert not late


def test_a_night_on_which_nobody_answers(night: Night) -> None:
    night.trouble("db-1 is down")
    for person in (night.ann, night.bob, night.lee):
        person.phone.rings().is_ignored()
        person.sms.reads("INC-1")
        night.after(minutes=2)
        person.phone.rings().is_ignored()
        step = night.incident().step
        night.until(lambda step=step: night.incident().step > step, seconds=300)
    for person in (night.ann, night.bob, night.lee):
        person.sms.reads("INC-1")
    night.slack.reads("db-1 is down")
    night.after(minutes=5)
    night.mail.reads("INC-1")
    the_same(night, {})


def test_a_voicemail_and_then_a_backup_who_hands_it_on(night: Night) -> None:
    night.trouble("db-1 is down")
    night.ann.phone.rings().picks_up_as_machine().hears("not acknowledged")
    night.ann.sms.reads("INC-1")
    night.after(minutes=2)
    night.ann.phone.rings().picks_up_as_machine().hears("not acknowledged")
    night.until(lambda: night.incident().step == 1, seconds=300)
    night.bob.phone.rings().presses("2")
    night.lee.phone.rings().presses("1").hears("acknowledged")
    answers = {
        "ann": Answers((Answer.VOICEMAIL,)),
        "bob": Answers((Answer.ESCALATES,)),
        "lee": Answers((Answer.ACKNOWLEDGES,)),
    }
    the_same(night, answers)
