"""The scripted nights, each with the end that it must come to whatever dies in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from escalation.domain.incident import Status
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.sandbox import Habit, Reply
from tests.builders import PHONES, policy, step
from tests.crashes.night import CrashNight, Script

CALL_TEXT_CALL = (Rung(Channel.VOICE), Rung(Channel.SMS), Rung(Channel.VOICE, timedelta(minutes=1)))
CALL, TEXT = (Rung(Channel.VOICE),), (Rung(Channel.SMS),)
ANN, BOB = frozenset({"ann"}), frozenset({"bob"})
TAKES_IT, SLEEPS = Habit("answers", presses=("1",)), Habit("manual")


@dataclass(frozen=True)
class Ending:
    """How it ends: the status, who has it, whose phone must have rung and whose may have, who was written to, what the story says."""

    status: Status
    by: str = ""
    rung: frozenset[str] = frozenset()
    may_ring: frozenset[str] = frozenset()
    texted: frozenset[str] = frozenset()
    mailed: bool = False
    posted: bool = False
    says: str = ""

    def missed(self, night: CrashNight) -> list[str]:
        incidents = night.incidents()
        phones = {handle: night.world.phone(number) for handle, number in PHONES.items()}
        rang = {handle for handle, phone in phones.items() if any(call.ringing_at for call in phone.calls)}
        texted = {handle for handle, phone in phones.items() if any("Reply" in text.body for text in phone.texts)}
        wrong = [f"{i.short_id} is {i.status}" for i in incidents if i.status is not self.status]
        wrong += [f"{i.acknowledged_by or 'nobody'} has {i.short_id}" for i in incidents if i.acknowledged_by != self.by]
        wrong += [] if self.rung <= rang <= self.rung | self.may_ring else [f"the phones of {sorted(rang)} rang"]
        wrong += [f"{handle} was not written to" for handle in self.texted - texted]
        wrong += ["no mail to the last resort"] if self.mailed and not night.world.mailbox else []
        wrong += ["nothing in Slack"] if self.posted and not night.world.slack.messages else []
        return wrong + ([] if self.says in night.story() else [f"the story does not say {self.says!r}"])


@dataclass(frozen=True)
class Scripted:
    script: Script
    ending: Ending
    chunks: int = field(default=1)  # tests to spread its boundaries over


NIGHTS: Mapping[str, Scripted] = {
    "acknowledged by the primary": Scripted(
        Script(policy(step("ann"), step("bob")), {"ann": [TAKES_IT], "bob": [SLEEPS]}, minutes=9),
        Ending(Status.ACKNOWLEDGED, "ann", ANN, says="Acknowledged by Ann, by phone"),
    ),
    "nobody answers": Scripted(
        Script(
            policy(step("ann", "slack:#incidents", minutes=3, ladder=CALL_TEXT_CALL), step("bob", minutes=1, ladder=CALL)),
            {"ann": [SLEEPS], "bob": [SLEEPS]},
            minutes=9,
        ),
        Ending(Status.EXHAUSTED, "", ANN | BOB, texted=ANN, mailed=True, posted=True, says="EXHAUSTED"),
        chunks=4,
    ),
    "voicemail, then the backup": Scripted(
        Script(
            policy(step("ann", minutes=2, ladder=CALL_TEXT_CALL[:2]), step("bob")),
            {"ann": [Habit("voicemail", hangs_up=9)], "bob": [TAKES_IT]},
            minutes=9,
        ),
        Ending(Status.ACKNOWLEDGED, "bob", BOB, may_ring=ANN, texted=ANN, says="Acknowledged by Bob, by phone"),
        chunks=2,
    ),
    "acknowledged by text": Scripted(
        Script(
            policy(step("ann"), step("bob")),
            {"ann": [Habit("declines")], "bob": [SLEEPS]},
            replies={"ann": Reply("1", after=5, find="(Reply)")},
            minutes=9,
        ),
        Ending(Status.ACKNOWLEDGED, "ann", may_ring=ANN, texted=ANN, says="Acknowledged by Ann, by sms"),
    ),
    "held back by maintenance": Scripted(
        Script(policy(step("ann"), step("bob")), {"ann": [TAKES_IT], "bob": [SLEEPS]}, minutes=9, maintenance=2),
        Ending(Status.ACKNOWLEDGED, "ann", ANN, says="No longer held by maintenance 1 (new disks)"),
    ),
    "resolved while ringing": Scripted(
        Script(
            policy(step("ann"), step("bob")),
            {"ann": [SLEEPS], "bob": [SLEEPS]},
            alerts=((0.0, "db-1", "trigger"), (12.0, "db-1", "resolve")),
            minutes=9,
        ),
        Ending(Status.RESOLVED, may_ring=ANN, says="Resolved by"),
    ),
    "a storm that one key ends": Scripted(
        Script(
            policy(step("ann"), step("bob")),
            {"ann": [Habit("answers", after=12, presses=("1",))], "bob": [SLEEPS]},
            alerts=((0.0, "db-1", "trigger"), (1.0, "db-2", "trigger"), (6.0, "db-3", "trigger")),
            minutes=9,
        ),
        Ending(Status.ACKNOWLEDGED, "ann", ANN, says="Acknowledged by Ann, by phone"),
        chunks=2,
    ),
    "a storm that nobody answers": Scripted(
        Script(
            policy(step("ann", minutes=2, ladder=CALL_TEXT_CALL), step("bob", minutes=1, ladder=CALL)),
            {"ann": [SLEEPS], "bob": [SLEEPS]},
            alerts=((0.0, "db-1", "trigger"), (1.0, "db-2", "trigger")),
            minutes=9,
        ),
        Ending(Status.EXHAUSTED, "", ANN | BOB, texted=ANN, mailed=True, says="EXHAUSTED"),
        chunks=3,
    ),
    "a storm in Slack, then a call": Scripted(
        Script(
            policy(step("slack:#incidents", minutes=1), step("ann", "slack:#incidents")),
            {"ann": [TAKES_IT]},
            alerts=((0.0, "db-1", "trigger"), (0.0, "db-2", "trigger")),
            minutes=9,
        ),
        Ending(Status.ACKNOWLEDGED, "ann", ANN, posted=True, says="Acknowledged by Ann, by phone"),
        chunks=3,
    ),
}
