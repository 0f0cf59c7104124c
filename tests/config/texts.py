"""A small correct configuration to take apart in tests, and what the loader says about a text. Not a test."""

from __future__ import annotations

import pytest

from escalation.config.load import load
from escalation.errors import BadConfig

GOOD = """\
allow_test_numbers: true
people:
  ann: {name: Ann Example, timezone: Europe/Berlin, phone: "+15550100001", email: ann@example.org, slack: U012ANN}
  bob: {phone: "+15550100002"}
teams:
  payments: [ann, bob]
services:
  payments: {policy: default, keys: ["0123456789abcdef0123456789abcdef"]}
policies:
  default:
    ring: 25s
    steps:
      - page: ann
      - page: [bob, team:payments]
        timeout: 3m
    last_resort: {page: "email:ops@example.org"}
"""


def changed(old: str, new: str) -> str:
    """GOOD with one place said otherwise."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def faults(text: str) -> list[str]:
    with pytest.raises(BadConfig) as caught:
        load(text)
    return caught.value.faults
