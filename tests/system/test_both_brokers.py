"""The demo's scripted night on servers as operators have them: PostgreSQL with Redis, and with RabbitMQ, chosen by URL alone. Real
processes: receiver, Celery workers, timekeeper, Flower, and the sandbox in place of the carriers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from escalation.local.demo import CONFIGURATION, quickened
from escalation.local.night import Night
from escalation.local.stage import Stage


class ServedStage(Stage):
    """A stage whose database and broker are named, as a site's are."""

    def __init__(self, folder: Path, servers: Mapping[str, str]) -> None:
        self._servers = servers
        super().__init__(folder, os.environ, quickened(CONFIGURATION.read_text()))

    def _settings(self) -> dict[str, str]:
        return {**super()._settings(), **self._servers}


@pytest.mark.slow
@pytest.mark.parametrize("broker", ["redis_url", "rabbitmq_url"])
def test_the_scripted_night_happens_on_postgresql(
    broker: str, tmp_path: Path, postgres_url: str, request: pytest.FixtureRequest
) -> None:
    """Everything that is expected of it, carried out by workers and told by Flower, as on one machine's embedded servers."""
    servers = {"ESCALATION_DATABASE_URL": postgres_url, "ESCALATION_BROKER_URL": request.getfixturevalue(broker)}
    said: list[str] = []
    stage = ServedStage(tmp_path, servers)
    try:
        system = stage.open()
        with closing(Night(stage, system, said.append)) as night:
            results = night.play()
        stories = _stories(system.queries.timeline)
        system.store.dispose()
    finally:
        stage.close()
    assert [result for result in results if not result.happened] == [], stories
    assert not (tmp_path / "escalation.sqlite").exists()


def _stories(timeline: Callable[[int], tuple]) -> str:
    return "\n".join(f"INC-{number} {told.entry.at:%H:%M:%S} {told.entry.text}" for number in (1, 2) for told in timeline(number))
