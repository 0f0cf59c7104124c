"""Whatever is in the file: faults or a configuration, never another error, and nothing personal in either."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from escalation.config.load import load
from escalation.errors import BadConfig
from tests.config.texts import GOOD, faults

WORDS = [
    "people", "teams", "services", "policies", "ann", "phone", "sms", "email", "slack", "name", "timezone", "policy", "keys",
    "key_file", "steps", "page", "by", "timeout", "ring", "repeat", "last_resort", "voice", "5m", "team:ann", "slack:#x", "never",
    "allow_test_numbers", "default", "email:a@b", "webhook:https://x", "+15550100001", "é", "=", "<<", "\ud800", "\x00", "",
]  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.datetimes(), st.binary(max_size=3), st.text(max_size=8),
    st.sampled_from(WORDS),
)  # fmt: skip
KEYS = st.one_of(st.sampled_from(WORDS), st.integers(), st.booleans(), st.none(), st.text(max_size=4))
TREES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)), max_leaves=25
)
PIECES = st.lists(
    st.sampled_from([*"[]{}:,-?&*!|>'\"%@`#\n\t ~=\\", "\n  ", "\n---\n", "&a", "*a", "!!int ", "<<: ", "\\U", "0o", *WORDS[:20]])
)


def attempt(text: str) -> None:
    try:
        assert load(text).site.policies
    except BadConfig as error:
        assert error.faults
        assert all(fault.startswith("line ") and fault.isprintable() for fault in error.faults)


@given(st.one_of(st.text(), PIECES.map("".join)))
def test_any_text_is_loaded_or_refused(text: str) -> None:
    """Broken YAML included."""
    attempt(text)


@given(TREES)
def test_any_yaml_is_loaded_or_refused(tree: object) -> None:
    """Any nesting of any values under any keys."""
    attempt(yaml.safe_dump(tree, allow_unicode=True))


@given(st.fixed_dictionaries({"people": TREES, "teams": TREES, "services": TREES, "policies": TREES}))
def test_any_sections_are_loaded_or_refused(tree: object) -> None:
    """The top of the file is right, the rest is anything."""
    attempt(yaml.safe_dump(tree, sort_keys=False))


@given(st.data())
def test_a_good_file_with_one_place_overwritten_is_loaded_or_refused(data: st.DataObject) -> None:
    """The likeliest broken file is nearly right."""
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 12)))
    attempt(GOOD[:start] + data.draw(st.one_of(st.text(max_size=5), PIECES.map("".join))) + GOOD[end:])


@given(TREES)
def test_a_good_file_with_any_policy_is_loaded_or_refused(tree: object) -> None:
    """Steps, ladders and targets of any shape."""
    text = GOOD[: GOOD.index("  default:\n    ring")] + yaml.safe_dump({"default": {"steps": [tree, {"page": tree, "by": tree}]}})
    attempt(text.replace("\ndefault:", "\n  default:"))


SECRETS = {
    "phone": ["+49 172 9980752 ext 12", "+491729980752", "01729980752"],
    "mail": ["ann.private@example.org.", "ann private@example.org"],
    "key": ["0123456789abcdef0123456789abcde!", "s3cr3t-s3cr3t-s3cr3t"],
    "url": ["https//example.org/T0K3N/B0K3N"],
}


@pytest.mark.parametrize("secret", [s for group in SECRETS.values() for s in group])
def test_no_fault_repeats_anything_personal_wherever_it_stands(secret: str) -> None:
    """Numbers, addresses and keys in every place of the file, as value and as key, right or wrong there, hints included."""
    for place in PLACES:
        shown = "\n".join(faults(place.replace("HERE", f'"{secret}"').replace("NEAR", f'"{secret[:-1]}"')))
        assert secret[:-1] not in shown
        assert secret.strip("+").replace(" ", "")[:-1] not in shown.replace(" ", "")


PLACES = [
    'a: "HERE',
    "a: [HERE, b: c",
    "a: HERE: b",
    "people: {HERE: {}}\nteams: {a: [NEAR]}",
    "people: {x: {}}\nteams: {HERE: [x]}\npolicies: {a: {steps: [{page: [NEAR, HERE]}]}}",
    "policies: {HERE: {steps: [{page: x}]}}\nservices: {a: {policy: NEAR}}",
    "people: {HERE: 1, HERE: 1}",
    "people: {ann: {phone: HERE}}",
    "people: {ann: {sms: HERE}}",
    "people: {ann: {email: HERE, phone: x}}",
    "people: {ann: {slack: HERE}}",
    "people: {ann: {timezone: HERE}}",
    "people: {ann: {HERE: x}}",
    "people: {HERE: {x: y}}",
    "HERE: x",
    "teams: {a: [HERE]}",
    "teams: {HERE: []}",
    "services: {a: {policy: HERE}}",
    "services: {a: {keys: [HERE], policy: x}}",
    "services: {a: {keys: [HERE, {x: y}]}}",
    "services: {a: {key_file: HERE}}",
    "services: {HERE: {x: y}}",
    "policies: {a: {ring: HERE}}",
    "policies: {a: {steps: [{page: HERE}]}}",
    "policies: {a: {steps: [{page: x, by: HERE}]}}",
    "policies: {a: {steps: [{page: x, by: {HERE: 5m}}]}}",
    "policies: {a: {steps: [{page: x, by: {sms: HERE}}]}}",
]
