"""What holds for every test: an environment without anybody's settings, no connection that leaves this machine, hypothesis with
a seed that is printed, and real servers for whoever asks. Not the fakes and builders: those are modules of their own."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from escalation.local.supervisor import Supervisor
from escalation.store import schema
from tests import loopback
from tests.servers import postgresql, rabbitmq, valkey
from tests.servers.postgresql import Databases
from tests.servers.run import NoServer, Run, shared

FOREIGN = ("ESCALATION_", "PLIVO_", "SLACK_", "SMTP_", "CELERY_", "FLASK_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
KEPT = "ESCALATION_TEST_"

for _name in list(os.environ):
    if (_name.startswith(FOREIGN) and not _name.startswith(KEPT)) or _name.lower() in PROXIES:
        del os.environ[_name]

# Hundreds of processes are started here: each would compile the whole program for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# No deadline: two cores shared by two test processes make any single example slow now and then.
# Not derandomized, which hypothesis would choose by itself in CI: other nights on other days, and the seed is printed.
settings.register_profile(
    "house", deadline=None, derandomize=False, max_examples=60, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("night", settings.get_profile("house"), max_examples=2000)
settings.load_profile("house")

loopback.forbid_the_rest()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("nights", "random nights in which everything dies (tests/crashes)")
    group.addoption("--nights", type=int, default=0, help="how many new ones (default: the usual eight)")
    group.addoption("--night-seed", type=int, default=None, help="one of them again, by its seed")


RUN = pytest.StashKey[Run]()
SEED = "SEED_OF_THIS_TEST_RUN"
MISSING: set[str] = set()  # why tests of this process were skipped


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One seed for the run, chosen here so that it can be shown; its test processes find it in their environment. And one set of
    servers."""
    logging.getLogger().addHandler(logging.NullHandler())  # a thread that outlives its test must not write behind the summary
    if hasattr(config, "workerinput"):
        config.option.hypothesis_seed = os.environ[SEED]
    elif config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(secrets.randbits(32))
    os.environ[SEED] = str(config.option.hypothesis_seed)
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = Run()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if run := config.stash.get(RUN, None):
        run.close()


def pytest_report_header(config: pytest.Config) -> str:
    return f"hypothesis: again with --hypothesis-seed={config.option.hypothesis_seed}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    if exitstatus:
        terminalreporter.write_line(pytest_report_header(config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A server that is missing is said in one line, not in one for each test: as if all had been skipped in one place."""
    report = yield
    if (
        report.skipped
        and isinstance(report.longrepr, tuple)
        and (reason := report.longrepr[2].removeprefix("Skipped: ")) in MISSING
    ):
        report.longrepr = (__file__, 1, reason)
    return report


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine() -> Iterator[None]:
    """Also fails the test whose code swallowed the refusal: a `try` around a carrier must not hide a real call."""
    loopback.attempts.clear()
    yield
    seen = list(loopback.attempts)
    assert not seen, f"tried to reach {', '.join(seen)}: tests talk to this machine only"


def _named(variable: str) -> str:
    """The server that somebody named; empty without one."""
    return os.environ.get(f"{KEPT}{variable}", "")


def _ours(kind: str) -> Path:
    """The folder of this run's server. Where it cannot be had, the test is skipped at home and failed in CI, where nobody reads
    skips."""
    try:
        return shared(kind)
    except NoServer as missing:
        _do_without(missing)


def _do_without(missing: NoServer) -> NoReturn:
    MISSING.add(str(missing))
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Where databases are made: for tests that want more than one, or a bare one."""
    databases = Databases(_named("POSTGRES") or (_ours("postgresql") / "url").read_text())
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def postgres_template(postgres: Databases) -> Iterator[str]:
    """Migrated once by each test process, and copied for each test."""
    with postgres.made() as url:
        schema.migrate(url)
        yield url


@pytest.fixture
def postgres_url(postgres: Databases, postgres_template: str) -> Iterator[str]:
    """A database with the newest schema and nothing in it, this test's own."""
    with postgres.made(postgres_template) as url:
        yield url


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A Redis with nothing in it. One that was named is emptied, and this test's alone as long as it runs."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with valkey.emptied(_named("REDIS")) if _named("REDIS") else valkey.own(_ours(f"redis.{worker}")) as url:
        yield url


@pytest.fixture
def rabbitmq_url() -> Iterator[str]:
    """A virtual host with none of our queues in it; the one that was named is this test's alone as long as it runs."""
    named = _named("RABBITMQ")
    if not named:
        yield rabbitmq.virtual_host(_ours("rabbitmq"))
        return
    with rabbitmq.emptied(named):
        yield named


@pytest.fixture
def rabbitmq_node(tmp_path: Path) -> Iterator[tuple[Supervisor, str]]:
    """A RabbitMQ of the test's own, to be killed: who keeps it (as `rabbitmq`), and its URL."""
    try:
        rabbitmq.found()
    except NoServer as missing:
        _do_without(missing)
    (folder := tmp_path / "rabbitmq").mkdir()
    with rabbitmq.node(folder) as running:
        yield running


@pytest.fixture
def programs_of_both_servers() -> None:
    """PostgreSQL's and RabbitMQ's programs are on this machine, for a test that starts servers of its own."""
    try:
        postgresql.found()
        rabbitmq.found()
    except NoServer as missing:
        _do_without(missing)
