"""Database, clock, processes and broker: what is found, and what a look must not change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from escalation.audit import CLEAN
from escalation.build import build
from escalation.domain.self_test import FAILED, PASSED
from escalation.local.checks import pulse, truth
from escalation.local.checks.finding import Level
from escalation.local.checks.patient import Patient
from escalation.settings import Settings
from escalation.store import schema
from tests.carriers.stubs import closed_port
from tests.local.ward import Ward


def test_a_database_that_is_away_is_a_fault_and_the_rest_is_still_looked_at(ward: Ward) -> None:
    """What needs it says so; the world outside is asked all the same."""
    found = ward.found(ESCALATION_DATABASE_URL=f"sqlite:///{ward.folder}")
    assert found["database"] is Level.FAULT
    assert found["workers"] is found["people"] is Level.UNKNOWN
    assert found["Plivo"] is found["broker"] is Level.OK


def test_a_database_that_was_never_prepared_is_not_made_by_looking(ward: Ward, tmp_path: Path) -> None:
    """`escalation migrate` makes it, for its owner only; a look must not."""
    other = tmp_path / "other"
    assert ward.found(ESCALATION_DATA_DIR=str(other))["schema"] is Level.FAULT
    assert not other.exists()


def test_a_database_of_a_newer_release_is_a_fault(ward: Ward) -> None:
    """And the rest is not asked of it."""
    with ward.system.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    found = ward.found("database", "people")
    assert found == {"schema": Level.FAULT, "people": Level.UNKNOWN}


def test_a_clock_that_is_off_is_a_fault(ward: Ward) -> None:
    """Two seconds are the limit: due times are the database's."""

    class Off:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(seconds=3)

    settings = Settings.from_env(ward.environ)
    (found,) = truth.clock(Patient(ward.environ, settings, build(settings, clock=Off())))
    assert found.level is Level.FAULT


def test_silent_processes_are_faults(ward: Ward, tmp_path: Path) -> None:
    """One finding each, by what is missing without it."""
    other = tmp_path / "other"
    schema.migrate(f"sqlite:///{other / 'escalation.sqlite'}")
    found = ward.found("timekeeper", "workers", "queue-intake", ESCALATION_DATA_DIR=str(other))
    assert found["queue intake"] is Level.UNKNOWN
    assert [found[process] for process in pulse.NEEDED] == [Level.FAULT] * 3
    old = [*pulse.processes(dict.fromkeys(pulse.NEEDED, timedelta(seconds=31)))]
    assert [finding.level for finding in old] == [Level.FAULT] * 3


@pytest.mark.parametrize(("age", "level"), [(timedelta(minutes=4), Level.OK), (timedelta(minutes=6), Level.FAULT)])
def test_an_audit_that_was_not_clean_for_minutes_is_a_fault(ward: Ward, age: timedelta, level: Level) -> None:
    """And its line says what to do."""
    with ward.store_of(age).transaction() as tx:
        tx.beat(CLEAN)
    (found,) = ward.examine("audit").findings
    assert found.level is level
    assert ("escalation audit" in found.cure) is (level is Level.FAULT)


def test_an_audit_that_was_never_clean_is_told_while_a_timekeeper_runs(ward: Ward, tmp_path: Path) -> None:
    """Without one there is nobody who could have looked, and that is a fault of its own."""
    other = tmp_path / "other"
    environ = ward.environ | {"ESCALATION_DATA_DIR": str(other)}
    settings = Settings.from_env(environ)
    schema.migrate(settings.sql_url)
    assert ward.found("audit", ESCALATION_DATA_DIR=str(other)) == {"audit": Level.UNKNOWN}
    with build(settings).store.transaction() as tx:
        tx.beat("timekeeper")
    assert ward.found("audit", ESCALATION_DATA_DIR=str(other)) == {"audit": Level.WARNING}


def test_a_site_that_is_held_is_a_fault(ward: Ward) -> None:
    """It takes alerts, and nobody hears of them."""
    assert ward.found("held") == {"held": Level.OK}
    with ward.system.store.transaction() as tx:
        tx.hold("restored")
    assert ward.found("held") == {"held": Level.FAULT}


@pytest.mark.parametrize(
    ("age", "level"), [(timedelta(seconds=1), Level.OK), (timedelta(minutes=1), Level.FAULT), (timedelta(days=2), Level.WARNING)]
)
def test_the_open_queue_is_asked_after_where_it_once_ran(ward: Ward, age: timedelta, level: Level) -> None:
    """Not every site takes alerts from its broker; one that was silent for a day may be meant."""
    with ward.store_of(age).transaction() as tx:
        tx.beat("queue intake")
    assert ward.found("queue-intake") == {"queue intake": level}


@pytest.mark.parametrize(
    "url", ["redis://:secret-broker@127.0.0.1:{port}/0", "amqp://u:secret-broker@127.0.0.1:{port}//", "nonsense://x"]
)
def test_a_broker_that_does_not_answer_is_a_fault(ward: Ward, url: str) -> None:
    """Of either kind, and one that is no broker at all."""
    assert ward.found("broker", ESCALATION_BROKER_URL=url.format(port=closed_port()))["broker"] is Level.FAULT


def test_a_real_broker_answers(ward: Ward, redis_url: str) -> None:
    """Redis, asked for its version and what it does under pressure."""
    assert ward.found("broker", ESCALATION_BROKER_URL=redis_url) == {"broker": Level.OK}


TEST = {"ESCALATION_SELF_TEST_NUMBER": "+15550100099", "ESCALATION_SELF_TEST_EVERY": "1d"}


@pytest.mark.parametrize(
    ("passed", "failed", "level"),
    [
        (None, None, Level.UNKNOWN),
        (timedelta(days=1), None, Level.OK),
        (timedelta(days=1), timedelta(hours=1), Level.FAULT),
        (timedelta(hours=1), timedelta(days=1), Level.OK),
        (timedelta(days=2, minutes=6), None, Level.FAULT),
        (None, timedelta(hours=1), Level.FAULT),
    ],
)
def test_a_self_test_that_failed_or_is_missing_is_a_fault(
    ward: Ward, passed: timedelta | None, failed: timedelta | None, level: Level
) -> None:
    """One that failed at once; two periods without one that passed; its line says what to do."""
    for age, name in ((passed, PASSED), (failed, FAILED)):
        if age is not None:
            with ward.store_of(age).transaction() as tx:
                tx.beat(name)
    (found,) = ward.examine("self-test", **TEST).findings
    assert found.level is level
    assert ("escalation self-test" in found.cure) is (level is Level.FAULT)


def test_a_self_test_that_would_call_a_person_is_a_fault(ward: Ward) -> None:
    """And so is one without the secret key; none at all is well."""
    assert ward.found("self-test", ESCALATION_SELF_TEST_NUMBER="+15550100001") == {"self-test": Level.FAULT}
    assert ward.found("self-test", ESCALATION_SECRET_KEY="", **TEST) == {"self-test": Level.FAULT}
    assert ward.found("self-test") == {"self-test": Level.OK}
