"""What a correct file means."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from escalation.config.keys import new_key
from escalation.config.load import load
from escalation.domain.policy import CALL_TEXT_CALL, Policy, Rung, Service, Step
from escalation.domain.roster import Channel, ContactMethod, Responder, Target, TargetKind
from tests.config.texts import GOOD, changed, faults

ANN, EVERYBODY = Target(TargetKind.PERSON, "ann"), Target(TargetKind.TEAM, "payments")


def test_a_person_has_a_contact_method_for_every_address() -> None:
    """The phone is for calls and texts; the Slack id is for direct messages, mentions and buttons."""
    assert load(GOOD).site.roster.people["ann"] == Responder(
        handle="ann",
        name="Ann Example",
        contacts=(
            ContactMethod(Channel.VOICE, "+15550100001"),
            ContactMethod(Channel.SMS, "+15550100001"),
            ContactMethod(Channel.EMAIL, "ann@example.org"),
            ContactMethod(Channel.SLACK, "U012ANN"),
        ),
        timezone="Europe/Berlin",
        chat="U012ANN",
    )


def test_who_says_little_gets_what_is_usual() -> None:
    """The short name as name, UTC as time zone."""
    bob = load(GOOD).site.roster.people["bob"]
    assert (bob.name, bob.timezone, bob.chat) == ("bob", "UTC", "")


@pytest.mark.parametrize(("sms", "texts_to"), [('"+15550100009"', "+15550100009"), ("no", None), ("off", None)])
def test_texts_may_go_elsewhere_or_nowhere(sms: str, texts_to: str | None) -> None:
    """`sms` says another number, or `no`."""
    bob = load(changed('phone: "+15550100002"', f'phone: "+15550100002", sms: {sms}')).site.roster.people["bob"]
    contact = bob.contact(Channel.SMS)
    assert (contact.address if contact else None) == texts_to


def test_services_teams_and_policies_become_values() -> None:
    """The whole small file, with what the product does where it says nothing."""
    site = load(GOOD).site
    assert site.roster.teams == {"payments": ("ann", "bob")}
    assert site.services == {"payments": Service("payments", ("0123456789abcdef0123456789abcdef",), "default")}
    assert site.policies == {
        "default": Policy(
            name="default",
            steps=(
                Step((ANN,), timedelta(minutes=5), CALL_TEXT_CALL),
                Step((Target(TargetKind.PERSON, "bob"), EVERYBODY), timedelta(minutes=3), CALL_TEXT_CALL),
            ),
            last_resort=Step((Target(TargetKind.EMAIL, "ops@example.org"),)),
        )
    }
    assert site.version == 0


def test_a_policy_can_say_everything_itself() -> None:
    """Each key reaches the value it is named for; a step's own word counts more than its policy's."""
    said = """ring: 20s
    repeat: 3
    by: [sms, {voice: after 90s}, {email: 0s}]
    timeout: 4m
    acknowledgement_expires: never
    alarm_every: 1h
    slot_limit: 30s"""
    text = changed("ring: 25s", said).replace("page: ann\n", "page: ann\n        by: voice\n")
    assert load(text).site.policies["default"] == Policy(
        name="default",
        steps=(
            Step((ANN,), timedelta(minutes=4), (Rung(Channel.VOICE),), own_ladder=True),
            Step((Target(TargetKind.PERSON, "bob"), EVERYBODY), timedelta(minutes=3), LADDER),
        ),
        rounds=3,
        last_resort=Step((Target(TargetKind.EMAIL, "ops@example.org"),), timedelta(minutes=4), LADDER),
        ring=timedelta(seconds=20),
        acknowledgement_expires=None,
        alarm_every=timedelta(hours=1),
        slot_limit=timedelta(seconds=30),
    )


LADDER = (Rung(Channel.SMS), Rung(Channel.VOICE, timedelta(seconds=90)), Rung(Channel.EMAIL))


def test_every_kind_of_place_can_be_paged() -> None:
    """A Slack channel by name or id, a mailbox, a URL; an address with a colon in it stays whole."""
    places = '["slack:#incidents", slack:C0123ABC, "email:ops@example.org", "webhook:https://example.org:8443/a?b=c:d"]'
    steps = load(changed("page: ann\n", f"page: {places}\n")).site.policies["default"].steps
    assert [str(t) for t in steps[0].targets] == [
        "slack:#incidents",
        "slack:C0123ABC",
        "email:ops@example.org",
        "webhook:https://example.org:8443/a?b=c:d",
    ]


def test_a_value_may_be_said_once_and_used_again() -> None:
    """An alias stands for a whole value."""
    text = changed("page: ann\n", "page: ann\n        by: &text [sms]\n").replace("timeout: 3m", "by: *text")
    assert [s.ladder for s in load(text).site.policies["default"].steps] == [(Rung(Channel.SMS),)] * 2


def test_keys_may_come_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    """One a line; the key in the file itself stays first, so that keys can be changed one after the other."""
    key = new_key()
    (tmp_path / "payments.keys").write_text(f"# old and new\n{key}\n\n")
    text = changed("policy: default, ", "policy: default, key_file: payments.keys, ")
    assert load(text, tmp_path).site.services["payments"].keys == ("0123456789abcdef0123456789abcdef", key)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"short\n", "an intake key has at least 16 characters"),
        (b"# only this\n", "there is no key in that file"),
        (b"\xff\xfe", "not a text file"),
        (b"x" * 70_000, "too long for a file of keys"),
        (b"0123456789abcdef0123456789abcdef\n", "the same key as in line 8; each key names one service"),
    ],
)
def test_a_bad_key_file_is_a_fault(tmp_path: Path, content: bytes, fault: str) -> None:
    """Nothing of the file is shown."""
    (tmp_path / "keys").write_bytes(content)
    path = str(tmp_path / "keys")
    text = changed("policies:", f'  other: {{policy: default, key_file: "{path}"}}\npolicies:')
    [found] = faults(text)
    assert found.startswith(f"line 9: services.other.key_file: {fault}")
    assert "short" not in found


def test_a_fresh_key_is_what_pagerduty_clients_want() -> None:
    """32 characters, never the same, accepted by ourselves without a warning."""
    keys = {new_key() for _ in range(20)}
    assert {len(k) for k in keys} == {32}
    assert len(keys) == 20
    assert all("key" not in w for w in load(changed("0123456789abcdef0123456789abcdef", keys.pop())).warnings)
