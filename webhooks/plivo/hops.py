"""The menus of one call, each with a number that its keys' addresses carry: so a key pressed twice is one, and 9 and then 1 are two. Tens
count the menus before it, ones the silences since the last key. Not what a menu says."""

from __future__ import annotations

MENU, PATH_LENGTH = 10, 1000
REPEATS, MOST = 2, 15  # silences before goodbye; menus before goodbye, whatever is pressed
MESSAGE, FALLBACK = 1000, 2000  # menus that can come at any time: numbers that no other menu has


def after_key(hop: int) -> int:
    return (hop // MENU + 1) * MENU


def after_silence(hop: int) -> int:
    return after_key(hop) + hop % MENU + 1


def is_over(hop: int) -> bool:
    """After this silence: a message needs no menu behind it, and anything else was repeated often enough."""
    return hop == MESSAGE or hop % MENU >= REPEATS


def is_enough(hop: int) -> bool:
    return hop % PATH_LENGTH // MENU >= MOST
