"""The addresses Plivo calls: ids only, and a fragment within the ranges Plivo documents."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urldefrag

import pytest

from escalation.carriers.plivo.callbacks import Name
from escalation.carriers.plivo.urls import ASKING, TELLING, Urls, code_answer

URLS = Urls("https://pager.example.com", Name(42, 3, 1))


def test_addresses_name_incident_attempt_and_try_and_nothing_else() -> None:
    """They are in everybody's logs."""
    base = "https://pager.example.com/plivo/calls/42-3-1/"
    asking = [URLS.answer, URLS.fallback, URLS.message, URLS.key(10), URLS.silent(2)]
    telling = [URLS.ring, URLS.hangup, URLS.machine]
    assert [urldefrag(url).url.removeprefix(base) for url in asking] == ["answer", "fallback", "message", "key/10", "silent/2"]
    assert [urldefrag(url).url.removeprefix(base) for url in telling] == ["ring", "hangup", "machine"]
    assert all(url.endswith(ASKING) for url in asking)
    assert all(url.endswith(TELLING) for url in telling)
    assert URLS.text_status == "https://pager.example.com/plivo/texts/42-3-1/status"


def test_the_address_of_a_code_names_its_row_and_nothing_else() -> None:
    """Neither number nor code."""
    assert code_answer("https://pager.example.com", 7) == f"https://pager.example.com/plivo/codes/7/answer{ASKING}"


@pytest.mark.parametrize(("fragment", "longest"), [(ASKING, 15_000), (TELLING, 55_000)])
def test_all_tries_end_in_time(fragment: str, longest: int) -> None:
    """A person on the line waits 15 s at the very worst; Plivo gives up any URL after 55 s."""
    keys = {key: values[0] for key, values in parse_qs(fragment.removeprefix("#")).items()}
    connect, read, retries = int(keys["ct"]), int(keys["rt"]), int(keys["rc"])
    assert 100 <= connect <= 10_000
    assert 100 <= read <= 40_000
    assert 0 <= retries <= 5
    assert re.fullmatch(r"all|((4xx|5xx|ct|rt)(,|$))+", keys["rp"])
    assert (retries + 1) * (connect + read) <= longest
