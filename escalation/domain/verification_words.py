"""What whoever has a number reads or hears of the code that went there. No name: the number may be a stranger's. Not the code's rules
(`verification`)."""

from __future__ import annotations

from escalation.domain.wording import WHO

SPOKEN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SUBJECT = "A code"


def text(digits: str) -> str:
    """One GSM-7 message."""
    return f"On-call pager: {digits} shows that this number is yours. Tell it whoever asked you for it, within 10 minutes. If nobody did, ignore this."


def spelled(digits: str) -> list[str]:
    """Each digit a word of its own, with a pause behind it."""
    return [SPOKEN[int(digit)] for digit in digits]


def before() -> list[str]:
    return [WHO, "Here is the code that shows that this number is yours."]


def again() -> list[str]:
    return ["Once more."]


def goodbye() -> list[str]:
    return ["Tell it whoever asked you for it. Goodbye."]


def over() -> list[str]:
    """Used, too old, or not for this number."""
    return [WHO, "This code does not count any more. Ask for a new one. Goodbye."]


def not_now() -> list[str]:
    """Nothing can be read."""
    return [WHO, "The code cannot be read to you at the moment. Ask for a new one. Goodbye."]
