"""What holds for every test: an environment without anybody's settings, no connection that leaves this machine, hypothesis with
a seed that is printed, and servers only where somebody named one. Not the fakes and builders: those are modules of their own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import loopback

FOREIGN = ("ESCALATION_", "PLIVO_", "SLACK_", "SMTP_", "CELERY_", "FLASK_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
KEPT = "ESCALATION_TEST_"

for _name in list(os.environ):
    if (_name.startswith(FOREIGN) and not _name.startswith(KEPT)) or _name.lower() in PROXIES:
        del os.environ[_name]

# No deadline: two cores shared by two test processes make any single example slow now and then.
# Not derandomized, which hypothesis would choose by itself in CI: other nights on other days, and the seed is printed.
settings.register_profile(
    "house", deadline=None, derandomize=False, max_examples=60, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("night", settings.get_profile("house"), max_examples=2000)
settings.load_profile("house")

loopback.forbid_the_rest()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One seed for the run, chosen here so that it can be shown; test processes are handed the same."""
    if config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(secrets.randbits(32))


def pytest_report_header(config: pytest.Config) -> str:
    return f"hypothesis: again with --hypothesis-seed={config.option.hypothesis_seed}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    if exitstatus:
        terminalreporter.write_line(pytest_report_header(config))


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine() -> Iterator[None]:
    """Also fails the test whose code swallowed the refusal: a `try` around a carrier must not hide a real call."""
    loopback.attempts.clear()
    yield
    seen = list(loopback.attempts)
    assert not seen, f"tried to reach {', '.join(seen)}: tests talk to this machine only"


def _server(variable: str) -> str:
    """The server's URL; without one the test is skipped at home and failed in CI, where nobody reads skips."""
    url = os.environ.get(KEPT + variable, "")
    if not url and os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"{KEPT}{variable} names no server, and in CI it must")
    if not url:
        pytest.skip(f"{KEPT}{variable} names no server")
    return url


@pytest.fixture(scope="session")
def postgres_url() -> str:
    return _server("POSTGRES")


@pytest.fixture(scope="session")
def redis_url() -> str:
    return _server("REDIS")


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    return _server("RABBITMQ")
