"""The configuration against this installation: who would not be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.domain.roster import Channel
from escalation.local.checks.finding import Level
from escalation.store import schema
from tests.local.ward import CONFIGURATION, Ward


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (CONFIGURATION.replace("timezone: UTC", "timezone: Nowhere"), Level.FAULT),
        (CONFIGURATION.replace("Ann Example", "Anna Example"), Level.WARNING),
        (CONFIGURATION + "# a comment\n", Level.OK),
    ],
)
def test_the_file_is_compared_with_what_is_applied(ward: Ward, text: str, level: Level) -> None:
    """Invalid is a fault, different a warning; a comment is no difference."""
    (ward.folder / "escalation.yaml").write_text(text)
    assert ward.found("configuration")["configuration"] is level


def test_without_a_configuration_nobody_is_called(ward: Ward, tmp_path: Path) -> None:
    """A fault, whatever the file says."""
    other = tmp_path / "other"
    schema.migrate(f"sqlite:///{other / 'escalation.sqlite'}")
    assert ward.found("configuration", ESCALATION_DATA_DIR=str(other))["configuration"] is Level.FAULT


def test_policies_that_page_by_a_channel_without_a_carrier(ward: Ward) -> None:
    """The example pages by voice: without Plivo that is a fault, and so is everybody it pages."""
    found = ward.found("people", PLIVO_AUTH_ID="", PLIVO_AUTH_TOKEN="", SMTP_URL="")
    for what in ("voice", "sms", "email", "person ann", "person bob"):
        assert found[what] is Level.FAULT
    assert found["last resort of default"] is Level.WARNING


def test_a_last_resort_by_plivo_only_is_a_warning(ward: Ward) -> None:
    """On the night Plivo is down it is all there is."""
    ward.apply(CONFIGURATION.replace('["email:ops@example.org"]', "bob, by: [voice, sms]"))
    assert ward.found("people")["last resort of default"] is Level.WARNING


def test_whoever_opted_out_is_named(ward: Ward) -> None:
    """By texts only: a warning. By every way a policy uses: a fault. The number is not shown."""
    with ward.system.store.transaction() as tx:
        tx.block(Channel.SMS, "+15550100001", "opted out")
        for channel in (Channel.SMS, Channel.VOICE):
            tx.block(channel, "+15550100002", "opted out")
    found = ward.found("people")
    assert (found["person ann"], found["person bob"]) == (Level.WARNING, Level.FAULT)
