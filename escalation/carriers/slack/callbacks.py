"""Slack's interactive payload -> the button that was pressed. Pure, and total: what is not one of our buttons is None.
Not who that user is to us, and not whether the request was signed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

ALL = "acknowledge_all"  # of a message that shows several: its value is that message and its last line
ACTIONS = ("acknowledge", "escalate", "resolve", ALL)
# 15 digits: more than any id of ours, and never more than a database's integer holds.
VALUE = re.compile(r"([0-9]{1,15})(?::([0-9]{1,9}))?\Z")


@dataclass(frozen=True, slots=True)
class Button:
    """`user` is the chat id of whoever pressed; `response_url` takes an answer that only they see (empty: none given);
    `identity` names this very press, `turn` is the incident's when the message was written."""

    incident_id: int
    action: str
    user: str
    response_url: str = ""
    identity: str = ""
    turn: int = 0


def button(payload: str) -> Button | None:
    """The pressed button of a `block_actions` payload (JSON text of the form field `payload`). Never raises."""
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("type") != "block_actions":
        return None
    return _pressed(_first(said.get("actions")), _text(_table(said.get("user")), "id"), _text(said, "response_url"))


def _pressed(action: dict[str, object], user: str, response_url: str) -> Button | None:
    name, value = _text(action, "action_id"), VALUE.match(_text(action, "value"))
    if name not in ACTIONS or not user or value is None:
        return None
    at = _text(action, "action_ts")
    identity = f"slack:{user}:{name}:{value[0]}:{at}"[:200] if at else ""
    return Button(int(value[1]), name, user, response_url, identity, int(value[2] or 0))


def _first(said: object) -> dict[str, object]:
    return _table(said[0]) if isinstance(said, list) and said else {}


def _table(said: object) -> dict[str, object]:
    return said if isinstance(said, dict) else {}


def _text(table: dict[str, object], key: str) -> str:
    """A string field that can be stored: no NUL, no lone surrogate; anything else is empty."""
    said = table.get(key)
    if not isinstance(said, str) or "\0" in said or any("\ud800" <= c <= "\udfff" for c in said):
        return ""
    return said
