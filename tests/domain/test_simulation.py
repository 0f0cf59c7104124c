"""A night that has not happened, as the machine would tell it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.holding import Holding
from escalation.domain.incident import Status
from escalation.domain.maintenance import On, Scope
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.domain.simulation import Answer, Answers, Night, simulate
from tests.builders import NIGHT, alert, incident, policy, roster, step

ALWAYS = st.lists(st.sampled_from(Answer), max_size=3).map(tuple)
ANYBODY = st.dictionaries(st.sampled_from(["ann", "bob", "lee"]), st.builds(Answers, ALWAYS, ALWAYS))
TEXT_ONLY = (Rung(Channel.SMS),)


def night(answers: dict[str, Answers] | None = None, **values: object) -> Night:
    return simulate(incident(policy(**values)), alert(), roster(), answers or {}, NIGHT)


def told(night: Night) -> list[tuple[int, str, Channel]]:
    return [(int((s.at - NIGHT).total_seconds()), s.responder, s.channel) for s in night.sent]


def test_nobody_answers_and_it_ends_loudly() -> None:
    """Each is called, written to and called again, then all are written to, then the last resort is told, once."""
    found = night()
    assert (found.incident.status, found.settled_at - NIGHT) == (Status.EXHAUSTED, timedelta(minutes=20))
    assert told(found)[:4] == [
        (0, "ann", Channel.VOICE),
        (25, "ann", Channel.SMS),
        (145, "ann", Channel.VOICE),
        (300, "bob", Channel.VOICE),
    ]
    assert told(found)[-1] == (1200, "email:ops@example.org", Channel.EMAIL)
    assert len(found.sent) == 14


def test_whoever_takes_it_ends_it_and_the_bill_has_the_minutes() -> None:
    found = night({"bob": Answers((Answer.NOTHING, Answer.ACKNOWLEDGES))})
    assert (found.incident.status, found.incident.acknowledged_by) == (Status.ACKNOWLEDGED, "bob")
    assert [int(s.connected.total_seconds()) for s in found.sent] == [0, 0, 0, 0, 0, 17]


def test_a_reply_to_a_text_takes_it_and_the_phone_that_rings_stops() -> None:
    steps = step("ann", ladder=TEXT_ONLY), step("bob")
    found = simulate(incident(policy(*steps)), alert(), roster(), {"ann": Answers((), (Answer.ACKNOWLEDGES,))}, NIGHT)
    assert (found.incident.acknowledged_by, told(found)) == ("ann", [(0, "ann", Channel.SMS)])


def test_a_bad_number_is_never_dialled_twice_by_the_same_page_and_its_step_is_skipped() -> None:
    found = night({"ann": Answers((Answer.BAD_NUMBER,), (Answer.BAD_NUMBER,))})
    assert told(found)[1] == (0, "bob", Channel.VOICE)
    assert any("Step 1 skipped" in entry.text for entry in found.entries)


@given(ANYBODY)
def test_whatever_people_do_a_night_comes_to_an_end(answers: dict[str, Answers]) -> None:
    """Somebody has it, or everybody was told, or they escalate for ever; nobody is told anything after it was taken; no phone rings
    twice at once."""
    found = night(answers)
    if found.goes_on:
        assert any(Answer.ESCALATES in said.calls + said.texts for said in answers.values())
        return
    assert found.incident.status in (Status.ACKNOWLEDGED, Status.EXHAUSTED)
    if found.incident.status is Status.ACKNOWLEDGED:
        assert all(one.at <= found.settled_at for one in found.sent)
    for handle in ("ann", "bob", "lee"):
        calls = [one for one in found.sent if one.responder == handle and one.channel.rings]
        assert all(after.at > before.at + before.connected for before, after in pairwise(calls))


@given(ANYBODY)
def test_who_acknowledges_in_it_had_been_told_to(answers: dict[str, Answers]) -> None:
    found = night(answers)
    if by := found.incident.acknowledged_by:
        assert Answer.ACKNOWLEDGES in answers[by].calls + answers[by].texts


def test_several_rounds_are_gone_through() -> None:
    assert len(night(rounds=2).sent) == 2 * 13 + 1


def test_what_begins_under_maintenance_is_paged_when_that_ends() -> None:
    window = On(
        "maintenance 1 (new disks)", Scope(("payments",)), NIGHT - timedelta(hours=1), NIGHT + timedelta(hours=1), stops=False
    )
    found = simulate(incident(), alert(), roster(), {}, NIGHT, Holding((window,)))
    assert told(found)[0] == (3600, "ann", Channel.VOICE)
    assert (found.incident.status, found.settled_at - NIGHT) == (Status.EXHAUSTED, timedelta(minutes=80))
