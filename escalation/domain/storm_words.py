"""What a phone says when one call speaks for several incidents: how many, the worst of them, the keys; then what came of a key. Lists of
sentences, short, the reason first. And the text that tells of several. What is about one incident is said as ever (`wording`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.domain.joined import Headline
from escalation.domain.segments import gsm7, is_readable
from escalation.domain.speech import speakable
from escalation.domain.wording import KEYS, VOICEMAIL, WHAT, WHO, fitted, one_line, printable

NAMED = 3  # incidents that are read out: the others are counted
LONGEST_SUMMARY = 100
LEAVE_IT = "Press 0 to leave this one and hear the next."
AGAIN_KEY = "Press 9 to hear this again."


@dataclass(frozen=True, slots=True)
class Came:
    """What became of the incidents that a 1 was pressed for: committed as the caller's, somebody's or over by then, not saved."""

    mine: int
    others: int = 0
    unsaved: int = 0


def all_of_them(headlines: Sequence[Headline]) -> list[str]:
    """The menu: `12 incidents.`, the worst, the keys."""
    count = len(headlines)
    keys = (f"Press 1 to acknowledge all {count}.", "Press 2 to go through them one by one.", AGAIN_KEY)
    return [WHO, f"{count} incidents.", *_worst(headlines), *keys]


def one_of_them(headline: Headline, rest: int) -> list[str]:
    """One incident on the way through all: the reason, then the keys that a call about one has."""
    left = [LEAVE_IT] if rest else []
    return [_trouble(headline), f"{speakable(headline.summary) or 'No summary was given'}.", *KEYS[:3], *left, KEYS[3]]


def message(headlines: Sequence[Headline]) -> list[str]:
    """For a machine that picked up: at most 15 seconds, so only the worst is named."""
    count, worst = len(headlines), headlines[0]
    head = f"{count} incidents. The worst: {_trouble(worst, 40)}"
    tail = "None is acknowledged. Press 1 to acknowledge all, or look at your messages."
    room = VOICEMAIL - len(f"{WHO} {head} {tail} ") - 1
    return [WHO, head, f"{speakable(worst.summary, max(room, 10)) or 'No summary was given'}.", tail]


def acknowledged(came: Came) -> list[str]:
    """The committed count first; whoever is half asleep hears no more than that."""
    mine = f"Acknowledged. {_incidents(came.mine)} yours." if came.mine else "None of them is yours."
    others = [f"{_incidents(came.others)} somebody else's, or over already."] if came.others else []
    unsaved = (
        [f"{came.unsaved} could not be saved and {'is' if came.unsaved == 1 else 'are'} not acknowledged."]
        if came.unsaved
        else []
    )
    return [mine, *others, *unsaved]


def goodbye() -> list[str]:
    return ["Thank you. Goodbye."]


def one_moment() -> list[str]:
    return ["One moment, please."]


def more_came(count: int) -> list[str]:
    """While the caller was listening."""
    return [f"{count} more came meanwhile." if count > 1 else "One more came meanwhile."]


def that_was_the_last() -> list[str]:
    return ["That was the last one. Goodbye."]


def left_alone() -> list[str]:
    return ["Left as it is."]


def text(headlines: Sequence[Headline], link: str, code: str) -> str:
    """One message where it can be: how many, then as much of the worst as it holds. Neither the link nor the code is ever cut."""
    said = "; ".join(f"{h.severity.upper()} {h.service}: {h.summary}" for h in headlines[:NAMED])
    plain = gsm7 if is_readable(said) else printable
    head = f"{len(headlines)} INCIDENTS. "
    tail = (f"\n{link}" if link else "") + (f"\nReply 1 {code} = ack all {len(headlines)}" if code else "")
    return head + fitted(one_line(plain(said)), head + tail) + tail


def _worst(headlines: Sequence[Headline]) -> list[str]:
    named = [f"{_trouble(h, 60)} {speakable(h.summary, LONGEST_SUMMARY) or 'No summary was given'}." for h in headlines[:NAMED]]
    more = len(headlines) - len(named)
    return ["The worst:", *named, *([f"And {more} more."] if more else [])] if more else named


def _trouble(headline: Headline, limit: int = 80) -> str:
    """`Critical incident on payments.`"""
    return f"{WHAT[headline.severity]} {speakable(headline.service, limit) or 'an unnamed service'}."


def _incidents(count: int) -> str:
    return "1 incident is" if count == 1 else f"{count} incidents are"
