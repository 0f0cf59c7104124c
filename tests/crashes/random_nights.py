"""Nights made of dice: some incidents, people of any habit, a carrier with faults, and deaths at any boundary, for a second or for hours.
One seed is one night, the same on every machine. At the end the carrier is well, nothing dies any more, the monitors say that all is
over, and everything has to come to rest. What must hold is in `promises`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from escalation.domain.policy import Policy, Rung
from escalation.domain.roster import Channel
from escalation.sandbox import Habit, Reply
from tests.builders import PHONES, policy, step
from tests.crashes.boundaries import Fate
from tests.crashes.night import CrashNight, Post, Script
from tests.crashes.promises import broken, everything_open_will_wake, replaying_changes

CALL, TEXT = (Rung(Channel.VOICE),), (Rung(Channel.SMS),)
LADDERS = (CALL, TEXT, (*CALL, *TEXT), (*CALL, *TEXT, Rung(Channel.VOICE, timedelta(minutes=1))))
HABITS = (
    Habit("manual"),
    Habit("ignores", after=20),
    Habit("declines"),
    Habit("busy"),
    Habit("voicemail", hangs_up=9),
    Habit("unreachable", code=3010),
    Habit("answers"),
    Habit("answers", hangs_up=3),
    *(Habit("answers", presses=(key,)) for key in ("1", "1", "2", "3", "9")),
)
OUTAGES = (0.3, 2, 5, 12, 20, 40, 90, 400, 4000, 11000)
CALLBACKS = ("Ring", "Answer", "Action", "Hangup", "Status", "MachineDetection", "*")
REQUESTS = ("POST Call", "POST Message", "DELETE Call", "Slack", "Mail", "*")
MINUTES = 25


class RandomNight:
    def __init__(self, seed: int, post: Post) -> None:
        self.dice = Random(seed)
        self.deadly = set(self.dice.sample(range(1, 160), self.dice.randint(0, 7)))
        fate = Fate(lambda number, _: number in self.deadly)
        self.night = CrashNight(self._script(), post, fate)
        self.night.down = timedelta(seconds=self.dice.choice(OUTAGES))
        self.night.on_rise = self._look
        self.faults: list[str] = []
        self._break_the_carrier()

    def broken(self) -> list[str]:
        """Plays it to the end; the promises that were not kept, and the story if there are any."""
        try:
            self._play()
            self.faults += broken(self.night) + replaying_changes(self.night)
        except AssertionError as error:
            self.faults.append(str(error))
        finally:
            story = self.night.story()
            self.night.close()
        return [*self.faults, story] if self.faults else []

    def _play(self) -> None:
        self.night.play()
        self.night.fate.strikes = lambda number, name: False
        self.night.world.faults.clear()
        self._who_hands_it_on_sleeps()
        self.night.play_on(minutes=30)
        self.faults += everything_open_will_wake(self.night)
        self.night.everything_is_over()
        self.night.play_on(minutes=15)

    def _who_hands_it_on_sleeps(self) -> None:
        """Two who escalate to each other without end page each other thousands of times: nothing new is learnt from that."""
        for phone in self.night.world.phones.values():
            phone.habits = [Habit("ignores", after=20) if "2" in habit.presses else habit for habit in phone.habits]
            if phone.answers_texts and phone.answers_texts.text.startswith("2"):
                phone.answers_texts = None

    def _look(self) -> None:
        """Each time we come back: whoever is open has something that will wake it. The next outage lasts otherwise."""
        self.faults += everything_open_will_wake(self.night)
        self.night.down = timedelta(seconds=self.dice.choice(OUTAGES))

    def _script(self) -> Script:
        dice = self.dice
        alerts = []
        for number in range(dice.randint(1, 4)):
            at = dice.choice((0.0, 0.0, 7.0, 60.0, 400.0))
            alerts.append((at, f"db-{number}", "trigger"))
            if dice.random() < 0.3:
                alerts.append((at + dice.choice((1.0, 12.0, 200.0, 900.0)), f"db-{number}", "resolve"))
            if dice.random() < 0.2:
                alerts.append((at + 30, f"db-{number}", "trigger"))
        habits = {handle: [dice.choice(HABITS) for _ in range(dice.randint(1, 3))] for handle in PHONES}
        replies = {
            h: Reply(dice.choice(("1 {found}", "2 {found}", "3 {found}")), 5, r"Reply 1 (\d{4})")
            for h in PHONES
            if dice.random() < 0.3
        }
        severities = {f"db-{n}": dice.choice(("critical", "error", "warning", "info")) for n in range(4)}
        return Script(self._policy(), habits, alerts, replies, MINUTES, severities)

    def _policy(self) -> Policy:
        dice = self.dice
        targets = ("ann", "bob", "lee", "team:payments", "slack:#incidents", "nobody")
        steps = [step(*dice.sample(targets, dice.randint(1, 3)), minutes=dice.choice((1, 3)), ladder=dice.choice(LADDERS))
                 for _ in range(dice.randint(1, 3))]  # fmt: skip
        return policy(*steps, rounds=dice.randint(1, 2))

    def _break_the_carrier(self) -> None:
        faults, dice = self.night.world.faults, self.dice
        kinds: tuple[Callable[[], object], ...] = (
            lambda: faults.answer(dice.choice((500, 503)), dice.choice(REQUESTS), accept=dice.random() < 0.5),
            lambda: faults.answer(429, dice.choice(REQUESTS)),
            lambda: faults.timeout(dice.choice(REQUESTS[:2]), accept=dice.random() < 0.5),
            lambda: faults.lose(dice.choice(CALLBACKS)),
            lambda: faults.double(dice.choice(CALLBACKS), times=dice.choice((1, None))),
            lambda: faults.delay(dice.choice(CALLBACKS), by=dice.choice((2, 30, 400))),
            lambda: faults.reorder(dice.choice(CALLBACKS)),
            lambda: faults.down(until=self.night.world.now() + dice.choice((20, 90, 600))),
            lambda: faults.undelivered(dice.choice(("30", "40", "80"))),
            lambda: faults.unreachable(dice.choice((3080, 5010, 3000))),
        )
        for _ in range(dice.randint(0, 4)):
            dice.choice(kinds)()
