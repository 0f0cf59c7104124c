"""Every kind of fault, with its line and its place."""

from __future__ import annotations

import pytest

from tests.config.texts import changed, faults

ONE = [
    # people
    ('phone: "+15550100002"', "phone: +15550100002", "line 4: people.bob.phone: YAML reads a bare number"),
    ('phone: "+15550100002"', 'phone: "030 123"', "line 4: people.bob.phone: a phone number begins with +"),
    ('phone: "+15550100002"', 'phone: ""', "line 4: people.bob.phone: one line of text expected"),
    ('phone: "+15550100002"', "phone: no", "line 4: people.bob.phone: YAML reads this as true or false"),
    ('phone: "+15550100002"', "sms: yes", "line 4: people.bob.sms: a number in quotes expected, or `no`"),
    ('phone: "+15550100002"', 'sms: "+19005551234"', "line 4: people.bob.sms: a premium rate number is refused"),
    ('phone: "+15550100002"', "fone: x", "line 4: people.bob.fone: unknown key `fone`, did you mean `phone`?"),
    ('phone: "+15550100002"', "mobile: x", "line 4: people.bob.mobile: unknown key `mobile`, did you mean `phone`?"),
    ('phone: "+15550100002"', "colour: x", "line 4: people.bob.colour: unknown key `colour` (there are: name, timezone,"),
    ("timezone: Europe/Berlin", "timezone: Europe/Berlni", "timezone: no such time zone, did you mean `Europe/Berlin`?"),
    ("timezone: Europe/Berlin", "timezone: ../../etc/passwd", "line 3: people.ann.timezone: no such time zone"),
    ("timezone: Europe/Berlin", "timezone: 2", "line 3: people.ann.timezone: YAML reads this as a number"),
    ("name: Ann Example", "name: 2024-01-01", "line 3: people.ann.name: YAML reads this as a date"),
    ("name: Ann Example", "name: 1.5", "line 3: people.ann.name: YAML reads this as a number"),
    ("name: Ann Example", "name: [Ann]", "line 3: people.ann.name: text expected, not a list"),
    ("name: Ann Example", 'name: "Ann\\nBcc: x"', "line 3: people.ann.name: one line of text expected"),
    ("name: Ann Example", 'name: "\\ud800"', "line 3: people.ann.name: one line of text expected"),
    ("name: Ann Example", f"name: {'A' * 81}", "line 3: people.ann.name: too long to be spoken"),
    ("email: ann@example.org", "email: ann", "line 3: people.ann.email: not an e-mail address"),
    ("slack: U012ANN", 'slack: "@ann"', "line 3: people.ann.slack: a Slack member id"),
    ("bob: {", "no: {", "line 4: people: YAML reads the key `no` as true or false: put it in quotes"),
    ("bob: {", '"bob b": {', "line 4: people.bob b: a person's short name is made of"),
    ("bob: {", '" bob": {', "line 4: people.(4 characters): a person's short name is made of"),
    ("bob: {", "ann: {", "line 4: people.ann: said twice, first in line 3"),
    ("bob: {", "<<: {", "line 4: people: `<<` is not supported"),
    ("bob: {", "[bob]: {", "line 4: people: a key must be a single word"),
    ("bob: {", "bob: !person {", "line 4: people.bob: tags (`!…`) are not used here"),
    ('bob: {phone: "+15550100002"}', "bob:", "line 4: people.bob: a block of `key: value` expected, not nothing"),
    ("allow_test_numbers: true", "allow_test_numbers: true\nprices: {call: cheap}", "line 2: prices.call: a price such as 0.013 expected"),
    ("allow_test_numbers: true", "allow_test_numbers: true\nprices: {mail: 1}", "line 2: prices.mail: unknown key `mail` (there are: call, text)"),
    ("allow_test_numbers: true", "allow_test_numbers: 1", "line 1: allow_test_numbers: true or false expected, not a number"),
    ("allow_test_numbers: true", "", "line 3: people.ann.phone: a test number, nobody has it"),
    ("allow_test_numbers: true", "polices: {}", "line 1: polices: unknown key `polices`, did you mean `policies`?"),
    ('bob: {phone: "+15550100002"}', "bob: {name: Bob, sms: no}", "line 4: people.bob: cannot be reached by anything"),
    # teams
    ("payments: [ann, bob]", "payments: [ann, bbo]", "line 6: teams.payments.2: no such person `bbo`, did you mean `bob`?"),
    ("payments: [ann, bob]", "payments: []", "line 6: teams.payments: is empty"),
    ("payments: [ann, bob]", "payments: ann", "line 6: teams.payments: a list expected, not text"),
    ("payments: [ann, bob]", "payments: [ann, [bob]]", "line 6: teams.payments.2: text expected, not a list"),
    ("payments: [ann, bob]", '"payments ": [ann, bob]', "line 6: teams.payments : a name begins with a letter or digit"),
    # services
    ("policy: default", "policy: defualt", "line 8: services.payments.policy: no such policy `defualt`, did you mean `default`?"),
    ("policy: default, ", "", "line 8: services.payments: `policy` is missing"),
    (', keys: ["0123456789abcdef0123456789abcdef"]', "", "line 8: services.payments: has no intake key"),
    ('["0123456789abcdef0123456789abcdef"]', "", "line 8: services.payments: has no intake key"),
    ('["0123456789abcdef0123456789abcdef"]', "[]", "line 8: services.payments.keys: is empty"),
    ('"0123456789abcdef0123456789abcdef"', "short", "line 8: services.payments.keys.1: an intake key has at least 16"),
    ('"0123456789abcdef0123456789abcdef"', "1123456789012345", "line 8: services.payments.keys.1: YAML reads this as a number"),
    ('"0123456789abcdef0123456789abcdef"', '"0123456789abcdef/?"', "line 8: services.payments.keys.1: an intake key is made of"),
    ("keys: [", "key_file: /nowhere/at/all, keys: [", "line 8: services.payments.key_file: no such file"),
    # policies
    ("ring: 25s", "ring: 25", "line 11: policies.default.ring: a number needs its unit"),
    ("ring: 25s", "ring: 5:00", "line 11: policies.default.ring: a number needs its unit"),
    ("ring: 25s", "ring: 25 secs", "line 11: policies.default.ring: not a duration"),
    ("ring: 25s", "ring: 3m", "line 11: policies.default.ring: a phone rings for 5s to 2m"),
    ("ring: 25s", "repeat: 010", "line 11: policies.default.repeat: a plain number from 1 to 100"),
    ("ring: 25s", "repeat: true", "line 11: policies.default.repeat: a plain number from 1 to 100"),
    ("ring: 25s", "repeat: 0", "line 11: policies.default.repeat: a plain number from 1 to 100"),
    ("ring: 25s", "rounds: 2", "line 11: policies.default.rounds: unknown key `rounds`, did you mean `repeat`?"),
    ("ring: 25s", "acknowledgement_expires: 0s", "line 11: policies.default.acknowledgement_expires: must be more than 0s"),
    ("ring: 25s", "alarm_every: 8d", "line 11: policies.default.alarm_every: must be more than 0s and at most 7d"),
    ("ring: 25s", "by: []", "line 11: policies.default.by: is empty"),
    ("ring: 25s", f"by: [{'sms, ' * 21}]", "line 11: policies.default.by: has more than 20 entries"),
    ("{policy: default,", "{policy: default, auto_resolve: 8d,", "line 8: services.payments.auto_resolve: must be more than 0s and at most 7d"),
    # steps
    ("- page: ann", "- page: anne", "line 13: policies.default.steps.1.page: no such person `anne`, did you mean `ann`?"),
    ("- page: ann", "- page: ann, bob", "line 13: policies.default.steps.1.page: no such person (8 characters): for several"),
    ("- page: ann", "- page: payments", "line 13: policies.default.steps.1.page: no such person `payments`, did you mean `team:"),
    ("- page: ann", "- page: []", "line 13: policies.default.steps.1.page: is empty"),
    ("- page: ann", "- page:", "line 13: policies.default.steps.1.page: text expected, not nothing"),
    ("- page: ann", "- timeout: 5m", "line 13: policies.default.steps.1: `page` is missing"),
    ("- page: ann", "- ann", "line 13: policies.default.steps.1: a block of `key: value` expected, not text"),
    ("- page: ann", "- page: team:paymens", "steps.1.page: no such team `paymens`, did you mean `team:payments`?"),
    ("- page: ann", "- page: {slack: x}", "line 13: policies.default.steps.1.page: a space after the colon makes it a block"),
    ("- page: ann", '- page: "slack:Incidents"', "line 13: policies.default.steps.1.page: a Slack channel such as"),
    ("- page: ann", '- page: "email:ops"', "line 13: policies.default.steps.1.page: not an e-mail address"),
    ("- page: ann", '- page: "webhook:ftp://x"', "line 13: policies.default.steps.1.page: not a URL"),
    ("- page: ann", '- page: "webhook:https://[x"', "line 13: policies.default.steps.1.page: not a URL"),
    ("- page: ann", '- page: "person:ann"', "line 13: policies.default.steps.1.page: no such kind of target `person`"),
    ("timeout: 3m", "timeout: 20s", "line 15: policies.default.steps.2.timeout: 20s is over before a phone has rung for 25s"),
    ("timeout: 3m", "by: [call]", "line 15: policies.default.steps.2.by.1: no such channel `call`, did you mean `voice`?"),
    ("timeout: 3m", "by: [webhook]", "line 15: policies.default.steps.2.by.1: no such channel `webhook`"),
    ("timeout: 3m", "by: [voice, {sms: 2}]", "line 15: policies.default.steps.2.by.2: a number needs its unit"),
    ("timeout: 3m", "by: [{sms: 2m, voice: 3m}]", "line 15: policies.default.steps.2.by.1: a channel such as `sms`"),
    ("timeout: 3m", "timout: 2m", "line 15: policies.default.steps.2.timout: unknown key `timout`, did you mean `timeout`?"),
    ('{page: "email:ops@example.org"}', "ann", "line 16: policies.default.last_resort: a block of `key: value` expected"),
    ('{page: "email:ops@example.org"}', "{page: ann, timeout: 9s}", "line 16: policies.default.last_resort.timeout: 9s is over"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), ONE)
def test_each_fault_is_named_with_its_line_and_place(old: str, new: str, fault: str) -> None:
    """`line N: where: what`, with the near word where there is one."""
    found = faults(changed(old, new))
    assert any(fault in line for line in found), found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: file: is empty"),
        ("# nothing\n", "line 1: file: is empty"),
        ("- a\n", "line 1: file: a block of `key: value` expected, not a list"),
        ("{}", "line 1: file: `people` is missing"),
        ("a: [1\nb: 2", "line 2: file: expected ',' or ']'"),
        ("a:\n\tb: 1\n", "line 2: file: found character"),
        ("a: 1\n---\nb: 2\n", "line 2: file: but found another document"),
        ("a: 1\nb: \x00", "line 2: file: a character that YAML does not allow"),
        ('a: "\\UFFFFFFFF"', "line 1: file: not YAML"),
        ("a: 1\nb: 'x\nc: 1\n", "line 4: file: found unexpected end of stream (while scanning a quoted scalar, begun in line 2)"),
        ("a: &x 1\nb: &x 2\n", "line 2: file: second occurrence (found duplicate anchor …; first occurrence, begun in line 1)"),
        ("a: *nowhere", "line 1: file: found undefined alias"),
        ("[" * 500, "line 1: file: nested more than 20 deep"),
        ("people: &a\n  b: *a\n", "line 1: people.b: contains itself"),
        ("x" * 1_000_001, "line 1: file: longer than 1,000,000 characters"),
        ("people:\nservices:\npolicies:\n", "line 1: people: is empty, at least one is needed"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(text: str, fault: str) -> None:
    """Broken YAML, no YAML, too much of it."""
    found = faults(text)
    assert any(line.startswith(fault) for line in found), found


def test_aliases_cannot_unfold_without_end() -> None:
    """Nine levels of ten aliases would be a thousand million values."""
    levels = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10))
    assert "unfolds to more than 50,000 values" in faults(f"a0: &a0 x\n{levels}\n")[0]


def test_a_key_of_two_services_names_both_lines() -> None:
    """One key names one service, else the wrong people are called."""
    second = '  other: {policy: default, keys: ["0123456789abcdef0123456789abcdef"]}\npolicies:'
    assert faults(changed("policies:", second)) == [
        "line 9: services.other.keys.1: the same key as in line 8; each key names one service"
    ]


def test_a_ring_time_does_not_matter_to_a_step_without_calls() -> None:
    """A text needs no time to ring: no fault for this step, but for the one that calls."""
    text = changed("        timeout: 3m", "        by: [sms]\n        timeout: 9s").replace(
        "page: ann\n", "page: ann\n        timeout: 9s\n"
    )
    assert [line.partition(": ")[0] for line in faults(text)] == ["line 14"]


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    """One run shows everything there is to mend, rules across the file too; a faulty entry breeds no further faults."""
    assert faults(MANY) == [
        "line 2: peopel: unknown key `peopel`, did you mean `people`?",
        "line 4: people.ann.timezone: no such time zone, did you mean `Europe/Berlin`?",
        "line 4: people.ann.phone: a premium rate number is refused",
        "line 5: people.bob.color: unknown key `color` (there are: name, timezone, phone, phones, sms, email, slack, rules, quiet_hours, notices, readiness)",
        "line 6: people.bob: said twice, first in line 5",
        "line 8: teams.empty: is empty, at least one is needed",
        "line 10: services.one.policy: no such policy `defautl`, did you mean `default`?",
        "line 11: services.two.keys.1: the same key as in line 10; each key names one service",
        "line 12: services.three: has no intake key: `keys` or `key_file` is missing",
        "line 17: policies.default.steps.1.timeout: 20s is over before a phone has rung for 30s",
        "line 18: policies.default.steps.2.page.2: no such person `bbo`, did you mean `bob`?",
        "line 18: policies.default.steps.2.page.3: no such team `emtpy`, did you mean `team:empty`?",
        "line 19: policies.default.repeat: a plain number from 1 to 100 expected: how often all steps are gone through",
        "line 20: policies.other.steps: is empty, at least one is needed",
    ]


MANY = """\
# a bad day
peopel: {}
people:
  ann: {phone: "+19005551234", timezone: Europe/Berlni}
  bob: {color: red}
  bob: {}
teams:
  empty: []
services:
  one: {policy: defautl, keys: [0123456789abcdef0123456789abcdef]}
  two: {policy: default, keys: [0123456789abcdef0123456789abcdef]}
  three: {policy: default}
policies:
  default:
    ring: 30s
    steps:
      - {page: ann, timeout: 20s}
      - page: [bob, bbo, team:emtpy]
    repeat: many
  other: {steps: []}
"""
