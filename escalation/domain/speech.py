"""Makes a monitoring tool's text speakable: a voice reads it to somebody half asleep, so signs become words, addresses and ids are
shortened, and it ends in time. Pure. Not what is said around it (`wording`)."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200  # characters, about 15 seconds
_URL = re.compile(r"\b(?:https?|ftp)://\S*[\w/]", re.IGNORECASE)  # nobody can follow one by ear
_ADDRESS = re.compile(r"\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)
_SHORT_ID = re.compile(r"\bINC-(\d+)\b")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_POD = re.compile(r"\b([a-z][a-z0-9-]*?)-[0-9a-f]{6,10}-[a-z0-9]{5}\b")  # what Kubernetes makes of "checkout"
_TOKEN = re.compile(r"[A-Za-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")  # HighErrorRate
_SIGNS = (
    (re.compile(r">="), " at least "),
    (re.compile(r"<="), " at most "),
    (re.compile(r"[=-]>|→"), " to "),
    (re.compile(r"[!=]="), lambda m: " is not " if m[0] == "!=" else " is "),
    (re.compile(r"(?<=[\w\s])=(?=[\w\s])"), " is "),
    (re.compile(r">"), " above "),
    (re.compile(r"<"), " below "),
    (re.compile(r"%"), " percent"),
    (re.compile(r"&"), " and "),
    (re.compile(r"\+(?=\s|$)"), " plus"),
    (re.compile(r"°C\b"), " degrees"),
)
_NOISE = re.compile(r"[_*`~^|\\\[\]{}\"#@$=]+")
_DASHES = re.compile(r"\s*[–—]\s*|\s+-+\s+")


def speakable(text: str, limit: int = LONGEST) -> str:
    """One line without a closing full stop, at most `limit` characters, cut between words."""
    said = "".join(_heard(each) for each in unicodedata.normalize("NFC", text))
    said = _URL.sub("a link", said)
    said = _UUID.sub(lambda m: f"id ending {_spelled(m[0])}", said)
    said = _POD.sub(r"\1", said)
    said = _SHORT_ID.sub(r"incident \1", said)
    said = _ADDRESS.sub(r"\1 dot \2 dot \3 dot \4", said)
    said = _TOKEN.sub(lambda m: _shortened(m[0]), said)
    for pattern, words in _SIGNS:
        said = pattern.sub(words, said)
    said = _HUMP.sub(" ", _DASHES.sub(", ", _NOISE.sub(" ", said)))
    return cut(_tidy(said), limit)


def cut(text: str, limit: int, end: str = ", and more") -> str:
    """The text if it fits, else as many whole words as do with `end` behind; a single endless word is cut in two."""
    if len(text) <= limit:
        return text
    room = max(limit - len(end), 0)
    kept = text[: room + 1].rpartition(" ")[0] or text[:room]
    return (kept.rstrip(" ,;:.-") + end)[:limit].rstrip()


def _heard(each: str) -> str:
    """Line ends are pauses; emoji, controls and halves of surrogate pairs are not heard."""
    if each in "\n\r\u2028\u2029":
        return ". "
    return " " if unicodedata.category(each) in ("So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn") and each != "°" else each


def _shortened(token: str) -> str:
    """`7d9f8b6c5` (letters and digits changing places again and again) is nobody's word: its last four will do."""
    changes = len(re.findall(r"(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)", token))
    is_id = (len(token) >= 7 and changes >= 2) or (len(token) >= 12 and token.isdigit()) or len(token) > 40
    return f"id ending {_spelled(token)}" if is_id else token


def _spelled(token: str) -> str:
    return " ".join(token[-4:])


def _tidy(text: str) -> str:
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split()))
    text = re.sub(r"([.,;:!?])(?:\s*[.,;:])+", r"\1", text)
    return text.strip(" .,;:-")
