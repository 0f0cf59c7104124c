"""A site of many: so many people, each with a service, an intake key and a policy of their own, so that no phone is busy with another
page. Numbers are of those kept for films (`555-01xx` of several area codes): nobody has them."""

from __future__ import annotations

import json

AREAS = ("202", "212", "303", "312", "404", "415", "503", "617", "702", "713")
MOST = 100 * len(AREAS)


def number(person: int) -> str:
    return f"+1{AREAS[person // 100]}55501{person % 100:02}"


def key(person: int) -> str:
    return f"benchkey{person:024}"


def configuration(people: int, texted: int = 0, reads: int | None = None, chats: int | None = None) -> str:
    """The text of a configuration file; JSON is YAML too. Every second of the first `texted` people gets a text after an unanswered call,
    whoever `reads` gets nothing else, and for whoever `chats` a channel is told."""
    everybody = range(people)
    by = {i: ["voice", "sms"][: 1 + is_texted(i, texted)] for i in everybody} | ({} if reads is None else {reads: ["sms"]})
    step = {"timeout": "1h"}
    return json.dumps(
        {
            "allow_test_numbers": True,
            "people": {f"p{i}": {"phone": number(i)} for i in everybody},
            "services": {f"service {i}": {"policy": f"policy {i}", "keys": [key(i)]} for i in everybody},
            "policies": {
                f"policy {i}": {
                    "steps": [step | ({"page": "slack:#incidents"} if i == chats else {"page": f"p{i}", "by": by[i]})]
                }
                for i in everybody
            },
        },
        indent=1,
    )


def is_texted(person: int, texted: int) -> bool:
    return person < texted and person % 2 == 1


def alert(person: int, trouble: str, action: str = "trigger") -> bytes:
    """A body in our own format, as large as a monitor's usually is."""
    return json.dumps(
        {
            "version": 1,
            "action": action,
            "dedup_key": trouble,
            "summary": f"Disk of db-{person} is 97 % full and grows by 1 % a minute",
            "severity": "critical",
            "source": f"db-{person}.example.org",
            "details": {"mount": "/var/lib/postgresql", "used_percent": 97, "rule": "disk-full", "value": [1, 2, 3]},
            "links": [{"href": "https://graphs.example.org/d/disk", "text": "graph"}],
        }
    ).encode()
