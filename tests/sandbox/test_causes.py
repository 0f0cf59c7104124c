"""Hangup codes: the sandbox's table is its own, and a test may see both."""

from __future__ import annotations

import pytest

from escalation.carriers.plivo.causes import HANGUPS
from escalation.sandbox.causes import Hangup, is_known
from escalation.sandbox.script import load
from tests.sandbox.product import ANN, Bench


@pytest.mark.parametrize(("code", "name"), [(code, cause.name) for code, cause in HANGUPS.items()])
def test_every_hangup_cause_that_the_product_rules_on_can_be_rehearsed(code: int, name: str) -> None:
    """By the same name, which comes with the code in a callback."""
    assert is_known(code)
    assert Hangup(code, "Plivo").name == name


@pytest.mark.parametrize("code", [4240, 4250, 3140])
def test_a_script_can_end_a_call_with_it(bench: Bench, code: int) -> None:
    """What the phone was told to do is what is called back."""
    load(f'phones: {{"{ANN}": {{habit: unreachable, code: {code}}}}}').apply(bench.world)
    bench.call()
    bench.world.advance(5)
    (ended,) = bench.product.at("hangup")
    assert (ended.params["HangupCauseCode"], ended.params["HangupCauseName"]) == (str(code), HANGUPS[code].name)
