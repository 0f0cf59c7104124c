"""A storm: thousands of different troubles of one person, as fast as they are taken, beside as many alerts that come to as many people as
there are: how often that one phone is called in the first minute, and whether the storm slows the intake. Then the same for a
channel of Slack's, and for somebody who is told by text alone, since the stub's calls never end and no text follows them."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic, monotonic_ns, sleep

from tests.bench import people, wire
from tests.bench.carrier import Carrier
from tests.bench.figures import Figures
from tests.bench.measures import CONNECTIONS, alert, is_quiet, until
from tests.bench.stage import Site

PEOPLE = 500
ONE = PEOPLE // 2  # whose phone it is
READS = ONE + 1  # who is told by text
CHATS = ONE + 2  # whose channel is told
OTHERS = 100  # so much further on is who is called meanwhile
MINUTE = 60.0
CLEARED = 600.0  # seconds until all of a storm must have been carried out


@dataclass(frozen=True, slots=True)
class Sizes:
    alerts: int
    watched: float = MINUTE


def measure(site: Site, carrier: Carrier, sizes: Sizes) -> Figures:
    """The calm first: what it opens is resolved before the storm, so that both meet the same site. Texts last: they come minute by minute."""
    calm = _told(site, [alert(n % ONE, f"calm {n}") for n in range(sizes.alerts)])
    until(lambda: is_quiet(site), CLEARED)
    _told(site, [alert(n % ONE, f"calm {n}", "resolve") for n in range(sizes.alerts)])
    until(lambda: is_quiet(site), CLEARED)
    called = _called(site, carrier, sizes)
    return {
        "alerts": sizes.alerts,
        "calm": calm,
        "calls": called,
        "slack": _chatted(site, carrier, sizes),
        "texts": _texted(site, carrier, sizes),
        "ratio_to_calm": round(called["accepted_per_s"] / calm["accepted_per_s"], 2),
    }


def _called(site: Site, carrier: Carrier, sizes: Sizes) -> dict[str, float]:
    began, ends = monotonic_ns(), monotonic() + sizes.watched
    found = _storm(site, carrier, ONE, sizes)
    until(lambda: is_quiet(site), CLEARED)
    cleared = (monotonic_ns() - began) / 1e9
    sleep(max(0.0, ends - monotonic()))
    theirs = [(call.at - began) / 1e9 for call in carrier.calls() if call.to.endswith(people.number(ONE)[1:])]
    return found | _in_the_first_minute(theirs) | {"all_carried_out_s": round(cleared, 1)}


def _chatted(site: Site, carrier: Carrier, sizes: Sizes) -> dict[str, float]:
    began = monotonic_ns()
    found = _storm(site, carrier, CHATS, sizes)
    until(lambda: is_quiet(site), CLEARED)
    posts = carrier.posts()
    edits = sum(post.method == "update" for post in posts)
    return found | {"messages": len(posts) - edits, "edits": edits, "all_shown_s": round((posts[-1].at - began) / 1e9, 1)}


def _texted(site: Site, carrier: Carrier, sizes: Sizes) -> dict[str, float]:
    began, ends = monotonic_ns(), monotonic() + sizes.watched
    found = _storm(site, carrier, READS, sizes)
    until(lambda: bool(carrier.texts()), CLEARED)
    sleep(max(0.0, ends - monotonic()))
    theirs = [(text.at - began) / 1e9 for text in carrier.texts() if text.to.endswith(people.number(READS)[1:])]
    return found | _in_the_first_minute(theirs)


def _storm(site: Site, carrier: Carrier, person: int, sizes: Sizes) -> dict[str, float]:
    """And how long somebody else, of whom nothing was heard before, waits for their call at its end."""
    carrier.forget()
    told = _told(site, [alert(person, f"storm {n}") for n in range(sizes.alerts)])
    asked, other = monotonic_ns(), person + OTHERS
    _told(site, [alert(other, "something else")])
    until(lambda: bool(_calls_to(carrier, other)), CLEARED)
    return told | {"call_of_somebody_else_s": round((_calls_to(carrier, other)[0] - asked) / 1e9, 3)}


def _calls_to(carrier: Carrier, person: int) -> list[int]:
    return [call.at for call in carrier.calls() if call.to.endswith(people.number(person)[1:])]


def _in_the_first_minute(seconds: list[float]) -> dict[str, float]:
    return {"in_the_first_minute": sum(at < MINUTE for at in seconds), "first_s": round(seconds[0], 3)}


def _told(site: Site, alerts: list[tuple[bytes, dict[str, str]]]) -> dict[str, float]:
    requests = [wire.request("POST", f"{site.url}/intake/native", body, headers) for body, headers in alerts]
    began = monotonic_ns()
    exchanges = wire.all_of(site.url, requests, CONNECTIONS)
    assert {one.status for one in exchanges} == {202}, "an alert was not taken"
    took = (max(one.answered for one in exchanges) - began) / 1e9
    return {"accepted_per_s": round(len(alerts) / took, 1), "sent_again": sum(one.refused for one in exchanges)}
