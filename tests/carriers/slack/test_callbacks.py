"""Interactive payloads: our buttons, and everything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.carriers.slack.callbacks import ALL, Button, button


def payload(**changes: object) -> str:
    said: dict[str, object] = {
        "type": "block_actions",
        "user": {"id": "U1"},
        "actions": [{"action_id": "acknowledge", "value": "42", "action_ts": "1.5"}],
        "response_url": "https://hooks.slack.com/actions/x",
    }
    return json.dumps(said | changes)


def test_it_reads_who_pressed_what_on_which_incident() -> None:
    """Incident, action, user and where to answer them in private."""
    expected = Button(42, "acknowledge", "U1", "https://hooks.slack.com/actions/x", "slack:U1:acknowledge:42:1.5")
    assert button(payload()) == expected


def test_the_button_for_all_names_the_message_and_its_last_line() -> None:
    """Where another button has incident and turn."""
    pressed = button(payload(actions=[{"action_id": "acknowledge_all", "value": "5:40", "action_ts": "1.5"}]))
    assert pressed == Button(5, ALL, "U1", "https://hooks.slack.com/actions/x", "slack:U1:acknowledge_all:5:40:1.5", 40)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "view_submission"},
        {"actions": []},
        {"actions": [{"action_id": "open", "value": "42"}]},
        {"actions": [{"action_id": "acknowledge", "value": "-1"}]},
        {"actions": [{"action_id": "acknowledge", "value": "٤٢"}]},
        {"actions": [{"action_id": "acknowledge", "value": "9" * 30}]},
        {"actions": [{"action_id": "acknowledge", "value": 42}]},
        {"actions": "acknowledge"},
        {"user": None},
        {"user": {"id": "U\0"}},
    ],
)
def test_it_is_none_for_anything_but_our_buttons(changes: dict[str, object]) -> None:
    """A link button, another dialogue, a forged value: no button of ours."""
    assert button(payload(**changes)) is None


def test_it_does_not_mind_deep_nesting() -> None:
    """A hundred thousand brackets are no button, and no crash."""
    assert button("[" * 100_000) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=10
)


@given(st.text() | _JSON.map(json.dumps) | st.builds(payload, user=_JSON, actions=_JSON | st.lists(_JSON), response_url=_JSON))
def test_it_never_raises(text: str) -> None:
    """Whatever the text, a button or None comes back."""
    found = button(text)
    assert found is None or found.incident_id >= 0
