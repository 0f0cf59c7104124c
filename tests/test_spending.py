"""What is sent is counted when it is claimed, where there is a cap, and not what the carrier certainly did not take."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from escalation.domain import events as ev
from escalation.domain.cost import Cap, Prices
from escalation.domain.incident import Outcome
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.spending import count
from escalation.store.site_tables import announcements
from tests.builders import policy, site, step
from tests.office import Office, office  # noqa: F401 - a fixture

PRICES = Prices(call=Decimal("0.013"), text=Decimal("0.0079"))
SITE = site(prices=PRICES, spending_cap=Cap(Decimal(20)))
TEXT = policy(step("ann", ladder=(Rung(Channel.SMS),)))


def spent(office: Office) -> Decimal:
    with office.store.read() as tx:
        return tx.spent_today().amount


def test_a_call_counts_as_a_minute(office: Office) -> None:
    """When it is claimed: whoever dies in mid-send has paid for it."""
    office.apply(SITE)
    office.trouble()
    office.carrier.on_send = lambda _: office.carrier.messages.append(str(spent(office)))
    office.work()
    assert (office.carrier.messages, spent(office)) == (["0.013"], PRICES.call)


def test_a_text_counts_as_the_messages_it_is_billed_as(office: Office) -> None:
    """One that the letters of GSM cannot spell is two."""
    office.apply(replace(SITE, policies={"default": TEXT}))
    office.trouble("каскад баз данных не отвечает " * 5)
    office.work()
    assert spent(office) == 2 * PRICES.text


def test_without_a_cap_nothing_is_counted(office: Office) -> None:
    """Nor written."""
    office.apply(site(prices=PRICES))
    office.trouble()
    office.work()
    assert spent(office) == 0


def test_what_the_carrier_refused_is_taken_back_and_what_it_may_have_is_not(office: Office) -> None:
    """A night of refusals must not use the day up."""
    office.apply(SITE)
    office.carrier.answers = [CarrierError(Verdict.RETRY, "connection refused")] * 2
    office.trouble()
    office.work()
    assert spent(office) == 0
    office.carrier.answers = [CarrierError(Verdict.UNKNOWN, "no answer within 10 s")]
    office.after(seconds=3)
    assert spent(office) == PRICES.call + PRICES.text * (len(office.carrier.sent) - 3)


def test_what_costs_nothing_is_not_written_down(office: Office) -> None:
    """A post in Slack."""
    office.apply(replace(SITE, policies={"default": policy(step("slack:#incidents"))}))
    office.trouble()
    office.work()
    assert (len(office.carrier.sent), spent(office)) == (1, 0)


@pytest.mark.parametrize(
    ("outcome", "seconds", "minutes"), [(Outcome.NO_ANSWER, 0, 0), (Outcome.KEY, 60, 1), (Outcome.KEY, 61, 2)]
)
def test_how_long_a_call_lasted_corrects_what_was_counted(office: Office, outcome: Outcome, seconds: int, minutes: int) -> None:
    """Nobody picked up: it cost nothing. Once, however often the carrier says it."""
    office.apply(SITE)
    office.trouble()
    office.work()
    for _ in range(2):
        office.engine.tell(1, ev.AttemptEnded(1, 1, outcome, seconds=seconds), "plivo:hangup:1")
    assert spent(office) == minutes * PRICES.call


def test_the_end_of_a_call_for_several_is_counted_for_one(office: Office) -> None:
    """Whoever joined it did not pay."""
    office.apply(SITE)
    with office.store.transaction() as tx:
        tx.spend(Decimal(1))
    office.trouble()
    office.work()
    office.trouble(key="db-2")
    office.work()
    office.engine.tell(1, ev.AttemptEnded(1, 1, Outcome.NO_ANSWER), "plivo:hangup:1")
    office.engine.fire_due()
    assert (len(office.carrier.sent), office.incident(2).attempts[0].outcome) == (1, Outcome.NO_ANSWER)
    assert spent(office) == 1


def kept(office: Office) -> list[tuple[str, str]]:
    """What is to be announced: to whom, and about what."""
    with office.store.read() as tx:
        found = tx.connection.execute(select(announcements.c.to, announcements.c.subject).order_by(announcements.c.due_at))
        return [(row.to, row.subject) for row in found]


def places_calls(office: Office, many: int) -> None:
    """Each is claimed in a transaction of its own."""
    if not office.carrier.sent:
        office.trouble()
        office.work()
    for _ in range(many):
        with office.store.transaction() as tx:
            count(tx, office.carrier.sent[0])


NEAR, REACHED = (("email:ops@example.org", f"Today's spending cap is {said}") for said in ("used up to 80 %", "reached"))


def test_the_alarms_come_once_each_and_again_the_next_day(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """At 80 % and at 100 %: kept for the mailbox that is the last resort, in the same transaction, and said in the log."""
    office.apply(site(prices=Prices(call=Decimal(1)), spending_cap=Cap(Decimal(10))))
    places_calls(office, 6)
    assert kept(office) == []
    places_calls(office, 1)
    assert kept(office) == [NEAR]
    office.clock.move(seconds=1)
    places_calls(office, 8)
    assert kept(office) == [NEAR, REACHED]
    office.clock.move(days=1)
    places_calls(office, 8)
    assert kept(office) == [NEAR, REACHED, NEAR]
    said = [r.getMessage() for r in caplog.records if r.name == "escalation.spending"]
    assert [text.partition(". ")[0] for text in said] == [
        "Today's spending cap of 10.00 is used up to 80 %",
        "Today's spending cap of 10.00 is reached",
        "Today's spending cap of 10.00 is used up to 80 %",
    ]


def test_a_claim_that_is_taken_back_told_nobody(office: Office) -> None:
    """What the alarm is about was not sent."""
    office.apply(site(prices=Prices(call=Decimal(1)), spending_cap=Cap(Decimal(2))))
    places_calls(office, 0)
    with pytest.raises(InterruptedError), office.store.transaction() as tx:
        count(tx, office.carrier.sent[0])
        raise InterruptedError
    assert kept(office) == []
    places_calls(office, 1)
    assert kept(office) == [REACHED]


def test_a_call_that_lasts_long_passes_the_mark_too(office: Office) -> None:
    """Told when it is over."""
    office.apply(site(prices=Prices(call=Decimal(1)), spending_cap=Cap(Decimal(5))))
    places_calls(office, 0)
    office.engine.tell(1, ev.AttemptEnded(1, 1, Outcome.KEY, seconds=240), "plivo:hangup:1")
    assert kept(office) == [NEAR]
