"""How many text messages a text is billed as, and its closest rendering in GSM-7, the alphabet in which 160 characters make one
message; a single character outside it turns the whole text into UCS-2, 70 to a message. Not what a text says (`wording`)."""

from __future__ import annotations

import unicodedata

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}[]~\\|€\f")  # an escape and a character: two septets
LIKE = {
    "'": "‘’‚‛′`´ʼ",
    '"': "“”„‟″«»",
    "-": "‐‑‒–—―−•·‣▪●◦",
    "->": "→⇒➜",
    "<-": "←⇐",
    ">=": "≥",
    "<=": "≤",
    "!=": "≠",
    "~": "≈",
    "x": "×✕✖",
    "/": "÷⁄",
    "...": "…",
    "deg": "°",
    "u": "µμ",
    "+/-": "±",
    "(c)": "©",
    "L": "Ł",
    "l": "ł",
    "D": "Đ",
    "d": "đ",
    "i": "ı",
    "OE": "Œ",
    "oe": "œ",
    "SS": "ẞ",
}
CLOSEST = {each: close for close, characters in LIKE.items() for each in characters}
UNSEEN = frozenset({"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"})  # emoji, controls, joiners, half a surrogate pair


def is_gsm7(text: str) -> bool:
    return set(text) <= BASIC | EXTENDED


def septets(text: str) -> int:
    """Length of a GSM-7 text."""
    return len(text) + sum(each in EXTENDED for each in text)


def utf16(text: str) -> int:
    """Length of any other, in UTF-16 units: an emoji is two."""
    return len(text) + sum(ord(each) > 0xFFFF for each in text)


def segments(text: str) -> int:
    """Messages billed: 160 septets or 70 units in one; in each of several 7 septets or 3 units go to its header, and neither
    an escaped character nor a surrogate pair is cut in two. 1 for an empty text."""
    size, single, per_part = (septets, 160, 153) if is_gsm7(text) else (utf16, 70, 67)
    if size(text) <= single:
        return 1
    parts, used = 1, 0
    for each in map(size, text):
        if used + each > per_part:
            parts, used = parts + 1, 0
        used += each
    return parts


def gsm7(text: str) -> str:
    """The closest text that GSM-7 holds: accents and typography are simplified, emoji dropped, the rest becomes `?`."""
    return "".join(_closest(each) for each in text)


def is_readable(text: str) -> bool:
    """Whether `gsm7` leaves of it what a person can read: of a text in another script it would leave question marks."""
    letters = [each for each in text if each.isalpha()]
    lost = sum(_closest(each) == "?" for each in letters)
    return lost * 4 <= len(letters)


def _closest(each: str) -> str:
    if each in BASIC or each in EXTENDED:
        return each
    if each in CLOSEST:
        return CLOSEST[each]
    parts = [part for part in unicodedata.normalize("NFKD", each) if not unicodedata.combining(part)]
    plain = "".join(CLOSEST.get(part, part) for part in parts)
    if plain and is_gsm7(plain):
        return plain
    if each.isspace():
        return " "
    return "" if unicodedata.category(each) in UNSEEN else "?"
