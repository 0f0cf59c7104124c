"""How many parts a text is billed as: GSM-7 where every character fits, UCS-2 otherwise. It counts; it encodes nothing."""

from __future__ import annotations

_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = set("^{}[]~\\|€\f")


def is_gsm7(text: str) -> bool:
    return set(text) <= _BASIC | _EXTENDED


def length(text: str) -> int:
    """In septets, or in UTF-16 units when one character forces UCS-2 (an emoji is two)."""
    if is_gsm7(text):
        return sum(2 if character in _EXTENDED else 1 for character in text)
    return len(text.encode("utf-16-be")) // 2


def parts(text: str) -> int:
    single, per_part = (160, 153) if is_gsm7(text) else (70, 67)
    return 1 if length(text) <= single else -(-length(text) // per_part)


def is_too_long(text: str) -> bool:
    return length(text) > (1600 if is_gsm7(text) else 737)
