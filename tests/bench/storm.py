"""A storm: thousands of different troubles of one person, as fast as they are taken, beside as many alerts that come to as many people as
there are: how often that one phone is called in the first minute, and whether the storm slows the intake. Then the same for somebody who
is told by text alone, since the stub's calls never end and no text follows them."""

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
MINUTE = 60.0
CLEARED = 600.0  # seconds until all of a storm must have been carried out


@dataclass(frozen=True, slots=True)
class Sizes:
    alerts: int
    watched: float = MINUTE


def measure(site: Site, carrier: Carrier, sizes: Sizes) -> Figures:
    """The calm first: what it opens is resolved before the storm, so that both meet the same site."""
    calm = _told(site, [alert(n % ONE, f"calm {n}") for n in range(sizes.alerts)])
    until(lambda: is_quiet(site), CLEARED)
    _told(site, [alert(n % ONE, f"calm {n}", "resolve") for n in range(sizes.alerts)])
    until(lambda: is_quiet(site), CLEARED)
    carrier.forget()
    began, until_ = monotonic_ns(), monotonic() + sizes.watched
    storm = _told(site, [alert(ONE, f"storm {n}") for n in range(sizes.alerts)])
    until(lambda: is_quiet(site), CLEARED)
    cleared = (monotonic_ns() - began) / 1e9
    sleep(max(0.0, until_ - monotonic()))
    calls = [call for call in carrier.calls() if call.to.endswith(people.number(ONE)[1:])]
    texts = _texted(site, carrier, sizes)
    return {
        "alerts": sizes.alerts,
        "calls_in_the_first_minute": sum(call.at - began < MINUTE * 1e9 for call in calls),
        "first_call_s": round((calls[0].at - began) / 1e9, 3),
        "texts_in_the_first_minute": sum(at < MINUTE for at in texts),
        "first_text_s": texts[0],
        "calm": calm,
        "storm": storm | {"all_carried_out_s": round(cleared, 1)},
        "ratio_to_calm": round(storm["accepted_per_s"] / calm["accepted_per_s"], 2),
    }


def _texted(site: Site, carrier: Carrier, sizes: Sizes) -> list[float]:
    """Seconds from the first alert to each text. Nobody waits for the last of them: they come minute by minute."""
    began, until_ = monotonic_ns(), monotonic() + sizes.watched
    _told(site, [alert(READS, f"storm {n}") for n in range(sizes.alerts)])
    until(lambda: bool(carrier.texts()), CLEARED)
    sleep(max(0.0, until_ - monotonic()))
    return [round((text.at - began) / 1e9, 3) for text in carrier.texts() if text.to.endswith(people.number(READS)[1:])]


def _told(site: Site, alerts: list[tuple[bytes, dict[str, str]]]) -> dict[str, float]:
    requests = [wire.request("POST", f"{site.url}/intake/native", body, headers) for body, headers in alerts]
    began = monotonic_ns()
    exchanges = wire.all_of(site.url, requests, CONNECTIONS)
    assert {one.status for one in exchanges} == {202}, "an alert was not taken"
    took = (max(one.answered for one in exchanges) - began) / 1e9
    return {"accepted_per_s": round(len(alerts) / took, 1), "sent_again": sum(one.refused for one in exchanges)}
