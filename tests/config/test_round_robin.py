"""Round robins in the file."""

from __future__ import annotations

import pytest

from escalation.config.diff import diff
from escalation.config.load import load
from tests.builders import target
from tests.config.texts import GOOD, changed, faults

OLD = "      - page: ann\n"
TEXT = changed(OLD, "      - {round_robin: [ann, team:payments], until_answered: true}\n")


def test_a_round_robin_stands_in_place_of_page_or_beside_it() -> None:
    """People and teams; nobody is warned of as paged by no policy."""
    loaded = load(TEXT)
    step = loaded.site.policies["default"].steps[0]
    assert (step.targets, step.round_robin, step.until_answered) == ((), (target("ann"), target("team:payments")), True)
    assert loaded.warnings == []
    assert "one of ann, team:payments in turn, until answered by voice" in diff(load(GOOD).site, loaded.site)[0]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("{timeout: 5m}", "policies.default.steps.1: `page` is missing, or `round_robin`"),
        ("{page: ann, until_answered: true}", "policies.default.steps.1: `until_answered` belongs to `round_robin`"),
        (
            '{round_robin: [ann, "slack:#ops"]}',
            "policies.default.steps.1.round_robin.2: people and teams take turns, not a slack",
        ),
        ("{round_robin: an}", "policies.default.steps.1.round_robin: no such person `an`, did you mean `ann`?"),
        ("{round_robin: ann, timeout: 20s}", "policies.default.steps.1.timeout: 20s is over before a phone has rung for 25s"),
    ],
)
def test_each_fault_has_its_line_and_place(step: str, fault: str) -> None:
    """Nothing half applied."""
    assert faults(changed(OLD, f"      - {step}\n")) == [f"line 13: {fault}"]
