"""One person, many incidents: the phone rings once and speaks for all of them."""

from __future__ import annotations

from escalation.domain.alert import Alert, Severity
from escalation.domain.events import Acknowledged
from escalation.domain.incident import Status, Via
from escalation.domain.policy import CALL_TEXT_CALL, Rung
from escalation.domain.roster import Channel
from tests.builders import alert, policy, step
from tests.scenarios.night import Night, on_both_databases

pytestmark = on_both_databases


def several(count: int, severity: Severity = Severity.ERROR) -> list[Alert]:
    return [alert(f"db-{n} is down", key=f"db-{n}", severity=severity) for n in range(1, count + 1)]


def for_ann(night: Night) -> None:
    night.apply(policy(step("ann", ladder=CALL_TEXT_CALL)))


def test_a_storm_rings_one_phone_once_and_one_key_takes_all_of_it(night: Night) -> None:
    """Complaint 5, alert storms: one call says how many and the worst first; 1 acknowledges all that it said, and the phone says how many
    were committed."""
    for_ann(night)
    storm = several(40)
    storm[7] = alert("the vault is open", key="db-8", severity=Severity.CRITICAL)
    night.takes(*storm)
    night.ann.phone.rings().listens(20).hears("40 incidents").hears("Critical incident on payments. the vault is open")
    night.ann.phone.hears("and 37 more").presses("1")
    night.after(seconds=30)
    night.ann.phone.hears("Acknowledged. 40 incidents are yours").is_silent()
    assert {night.status(n) for n in range(1, 41)} == {Status.ACKNOWLEDGED}
    assert {night.incident(n).acknowledged_by for n in range(1, 41)} == {"ann"}
    night.story_says("Joined the call to Ann that is under way for INC-", "Acknowledged by Ann, by phone", number=40)
    night.after(minutes=10)


def test_what_comes_while_the_phone_rings_is_said_too(night: Night) -> None:
    """A second and a third trouble while Ann's phone rings: she hears of three."""
    for_ann(night)
    night.takes(*several(1))
    night.ann.phone.rings()
    night.takes(*several(3)[1:])
    night.ann.phone.listens(20).hears("3 incidents").presses("1").listens(9).hears("3 incidents are yours")
    night.after(minutes=10)


def test_a_single_incident_is_said_as_ever(night: Night) -> None:
    """No count, no second menu."""
    for_ann(night)
    night.takes(*several(1))
    night.ann.phone.rings().listens(20).hears("Error on payments. db-1 is down. Press 1 to acknowledge. Press 2 to escalate")
    night.ann.phone.does_not_hear("incidents").presses("1").listens(9).hears("Incident 1 is yours")
    night.after(minutes=10)


def test_a_call_that_nobody_answers_was_a_call_for_all_of_them(night: Night) -> None:
    """It is not made again for each; the second call of the ladder speaks for all again."""
    for_ann(night)
    night.takes(*several(3))
    night.ann.phone.rings().is_ignored()
    night.ann.sms.reads("3 INCIDENTS. ERROR payments: db-1 is down; ERROR payments: db-2 is down")
    night.story_says("no answer", number=3)
    night.after(minutes=2)
    night.ann.phone.rings().listens(20).hears("3 incidents").presses("1")
    night.after(minutes=10)
    assert {night.status(n) for n in (1, 2, 3)} == {Status.ACKNOWLEDGED}


def test_what_came_too_late_to_be_said_is_called_again_at_once(night: Night) -> None:
    """INC-3 joined while Ann was listening and was never spoken: hanging up is no answer to it."""
    for_ann(night)
    night.takes(*several(2))
    night.ann.phone.rings().listens(20).hears("2 incidents")
    night.takes(*several(3)[2:])
    night.ann.phone.hangs_up()
    night.ann.sms.reads("2 INCIDENTS", "db-1", "db-2")
    night.ann.phone.rings().listens(10).hears("db-3 is down").presses("1").listens(9).hears("incident 3 is yours")
    night.story_says("was over before it spoke of this", number=3)
    night.until(lambda: night.ann.phone.phone.call is None, seconds=60)
    night.after(minutes=2)
    night.ann.phone.rings().presses("1").listens(9).hears("2 incidents are yours")
    night.after(minutes=10)


def test_what_came_while_the_caller_was_listening_is_told_behind_the_acknowledgement(night: Night) -> None:
    """The 1 counts for what was said, and the phone goes on with the rest instead of ringing again."""
    for_ann(night)
    night.takes(*several(2))
    night.ann.phone.rings().listens(20).hears("2 incidents")
    night.takes(*several(3)[2:])
    night.ann.phone.presses("1").listens(9).hears("2 incidents are yours").hears("One more came meanwhile").hears("db-3 is down")
    assert [night.status(n) for n in (1, 2, 3)] == [Status.ACKNOWLEDGED, Status.ACKNOWLEDGED, Status.TRIGGERED]
    night.ann.phone.presses("1")
    night.after(minutes=10)
    assert night.status(3) is Status.ACKNOWLEDGED


def test_two_goes_through_them_one_by_one(night: Night) -> None:
    """1, 2 and 3 for each; 0 leaves one as it is; a wrong key changes nothing."""
    night.apply(policy(step("ann", ladder=CALL_TEXT_CALL), step("bob", ladder=CALL_TEXT_CALL)))
    night.takes(*several(4))
    night.ann.phone.rings().listens(20).hears("4 incidents").presses("5").listens(5).hears("that key means nothing")
    night.ann.phone.presses("2").listens(9).hears("db-1 is down").presses("7").presses("1").listens(9).hears(
        "Incident 1 acknowledged"
    )
    night.ann.phone.hears("db-2 is down").presses("0").listens(9).hears("left as it is").hears("db-3 is down").presses("3")
    night.ann.phone.listens(10).hears("Incident 3 declined. Now paging Bob").hears("db-4 is down").presses("1").listens(9).hears(
        "that was the last one"
    )
    assert [night.status(n) for n in (1, 2, 4)] == [Status.ACKNOWLEDGED, Status.TRIGGERED, Status.ACKNOWLEDGED]
    night.bob.phone.rings().presses("1").listens(9).hears("Incident 3 is yours")
    night.ann.sms.reads("db-2")
    night.after(minutes=2)
    night.ann.phone.rings().presses("1").listens(9).hears("Incident 2 is yours")
    night.after(minutes=10)


def test_the_call_goes_on_when_the_incident_that_placed_it_is_over(night: Night) -> None:
    """db-1 was resolved while Ann's phone rang; the call still speaks for the others."""
    for_ann(night)
    night.takes(*several(3))
    night.ann.phone.rings()
    night.takes(alert("over", action=_RESOLVE, key="db-1"))
    night.after(seconds=4)
    night.ann.phone.listens(20).hears("2 incidents").presses("1").listens(9).hears("2 incidents are yours")
    night.after(minutes=10)


def test_the_call_is_hung_up_when_nobody_is_left_that_wants_it(night: Night) -> None:
    """All of them were resolved while it rang."""
    for_ann(night)
    night.takes(*several(3))
    night.ann.phone.rings()
    for n in (1, 3, 2):
        night.takes(alert("over", action=_RESOLVE, key=f"db-{n}"))
    night.after(seconds=4)
    night.ann.phone.was_hung_up_on()
    night.after(minutes=10)


def test_a_key_counts_for_all_even_if_the_caller_does_not_wait(night: Night) -> None:
    """The database is away for everything behind the first commit: what was pressed is done when the call is over."""
    for_ann(night)
    night.takes(*several(60))
    night.ann.phone.rings().presses("1").hangs_up()
    night.after(seconds=10)
    assert {night.status(n) for n in range(1, 61)} == {Status.ACKNOWLEDGED}
    night.after(minutes=10)


def test_a_voicemail_gets_one_message_for_all(night: Night) -> None:
    """And none of them is acknowledged by it."""
    for_ann(night)
    night.takes(*several(3))
    night.ann.phone.rings().picks_up_as_machine().hears("3 incidents").hears("none is acknowledged")
    night.ann.sms.reads("3 INCIDENTS")
    night.until(lambda: night.ann.phone.phone.ringing, seconds=150)
    night.ann.phone.rings().presses("1").listens(9).hears("3 incidents are yours")
    night.after(minutes=10)


def test_a_storm_whose_call_nobody_takes_is_one_text_and_its_code_takes_all_that_it_told_of(night: Night) -> None:
    """Complaint 5, alert storms: one text instead of forty, the worst first. What came later is told of in the next, a minute after."""
    for_ann(night)
    storm = several(40)
    storm[7] = alert("the vault is open", key="db-8", severity=Severity.CRITICAL)
    night.takes(*storm)
    night.ann.phone.rings().is_busy()
    night.ann.sms.reads("40 INCIDENTS. CRITICAL payments: the vault is open; ERROR payments: db-1", "= ack all 40")
    code = night.ann.sms.last.rpartition("Reply 1 ")[2].partition(" ")[0]
    night.takes(alert("web-1 is down", key="web-1"))
    night.ann.phone.rings().is_busy()
    night.ann.sms.replies(f"1 {code}").reads("Acknowledged. 40 incidents are yours.")
    assert {night.incident(n).acknowledged_by for n in range(1, 41)} == {"ann"}
    assert night.status(41) is Status.TRIGGERED
    night.story_says("Told in the text to Ann that goes out for INC-", "Acknowledged by Ann, by sms", number=40)
    night.until(lambda: night.ann.sms.unread, seconds=60)
    night.ann.sms.reads("INC-41", "web-1")
    night.until(lambda: night.ann.phone.phone.ringing, seconds=150)
    night.ann.phone.rings().presses("1")
    night.after(minutes=10)


def test_the_second_text_to_a_phone_waits_for_what_else_comes_in_that_minute(night: Night) -> None:
    """Its timeline says so and when it is expected; something worse waits for nothing."""
    night.apply(policy(step("ann", ladder=BY_TEXT)))
    night.takes(*several(1))
    night.ann.sms.reads("INC-1")
    night.takes(*several(3)[1:])
    night.after(seconds=5)
    night.story_says(
        "Waiting to write to Ann: a text went there less than a minute ago", "It is expected at 03:01:00 UTC.", number=2
    )
    night.takes(alert("the vault is open", key="vault", severity=Severity.CRITICAL))
    night.ann.sms.reads("3 INCIDENTS. CRITICAL payments: the vault is open")
    night.takes(alert("db-9 is down", key="db-9"))
    night.after(seconds=50)
    night.until(lambda: len(night.ann.sms.unread) == 1, seconds=15)
    night.ann.sms.reads("INC-5", "db-9")
    for number in range(1, 6):
        night.system.engine.tell(number, Acknowledged("ann", Via.CONSOLE))


def test_a_text_that_did_not_go_out_told_nobody(night: Night) -> None:
    """The carrier refuses texts for some seconds: each of those that it was to tell of is written again, in one."""
    night.apply(policy(step("ann", ladder=BY_TEXT)))
    night.takes(*several(1))
    night.ann.sms.reads("INC-1")
    night.takes(*several(4)[1:])
    night.world.faults.answer(429, "POST Message")
    night.until(lambda: len(night.ann.sms.unread) == 1, seconds=100)
    night.ann.sms.reads("3 INCIDENTS")
    for number in range(1, 5):
        night.system.engine.tell(number, Acknowledged("ann", Via.CONSOLE))


BY_TEXT = (Rung(Channel.SMS),)
_RESOLVE = alert("x").action.RESOLVE
