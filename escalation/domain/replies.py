"""What a person means by a text message sent back to us. Pure and total; in doubt nothing is meant: "acknowledged" is never
assumed. Who sent it and which page they mean is found in `responses`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class ReplyAction(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    ESCALATE = "escalate"
    DECLINE = "decline"
    STOP = "stop"  # the carrier blocks us from then on, whatever we do
    START = "start"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reply:
    """`code` is the four digits that name a page, empty when the text has none."""

    action: ReplyAction
    code: str = ""


UNKNOWN = Reply(ReplyAction.UNKNOWN)
# Plivo acts on exactly these, as the whole text and in any case.
STOPS = frozenset({"stop", "stop all", "stopall", "end", "quit", "cancel", "unsub", "unsubscribe"})
STARTS = frozenset({"start", "unstop", "yes", "resume", "go"})
WORDS = {
    ReplyAction.ACKNOWLEDGE: ("1", "ack", "acked", "acknowledge", "acknowledged", "ok", "okay"),
    ReplyAction.ESCALATE: ("2", "escalate", "next"),
    ReplyAction.DECLINE: ("3", "decline", "no", "not me"),
}
MEANING = {word: action for action, words in WORDS.items() for word in words}
KINDNESS = frozenset({"thanks", "thank you", "thx", "got it", "on it", "on my way", "will do", "looking"})
CODE = re.compile(r"[1-9][0-9]{3}")  # as `links.reply_code` makes them
GLUED = re.compile(r"([123])([1-9][0-9]{3})")  # "14711", typed without the space
LONGEST = 60  # a reply is a word or two; a forwarded mail is not one


def parse(text: str) -> Reply:
    """`1`, `ack`, `ok thanks`; a code alone acknowledges; a code may stand before or behind (`1 4711`, `4711 2`)."""
    if len(text.strip()) > LONGEST:
        return UNKNOWN
    words = _words(text)
    said = " ".join(words)
    if said in STOPS:
        return Reply(ReplyAction.STOP)
    if said in STARTS:
        return Reply(ReplyAction.START)
    return _meant(words)


def _words(text: str) -> list[str]:
    """Lower case, without punctuation; full-width digits and letters are what they look like."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("'", "").replace("’", "")
    return re.findall(r"[^\W_]+", plain)


def _meant(words: list[str]) -> Reply:
    if len(words) == 1 and (glued := GLUED.fullmatch(words[0])):
        return Reply(MEANING[glued[1]], glued[2])
    codes = [word for word in words if CODE.fullmatch(word)]
    rest = [word for word in words if word not in codes]
    if not words or len(codes) > 1:  # two pages in one breath are none
        return UNKNOWN
    action = _action(rest) if rest else ReplyAction.ACKNOWLEDGE
    return Reply(action, "".join(codes)) if action else UNKNOWN


def _action(words: list[str]) -> ReplyAction | None:
    """The whole of it must be understood: "ok but I am on a plane" is no acknowledgement."""
    said = " ".join(words)
    if said in MEANING:
        return MEANING[said]
    is_kind = MEANING.get(words[0]) is ReplyAction.ACKNOWLEDGE and " ".join(words[1:]) in KINDNESS
    return ReplyAction.ACKNOWLEDGE if is_kind else None
