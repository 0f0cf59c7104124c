"""The guides against the product: every setting is explained with its default, every link leads somewhere, every command that is
shown exists, with its options. (`make` targets: `tests/test_house.py`.)"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from escalation.cli.root import COMMANDS, cli
from escalation.settings import NAMES, Settings
from tests import house

GUIDES = [
    path for path in house.files() if path.suffix == ".md" and path.parts[0] in {"README.md", "CHANGELOG.md", "docs", "deploy"}
]
SETTINGS = Path("docs/settings.md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"(?:^ *|`|\$ |&& |\|\| |; |do |-m |receiver )escalation ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?([^\n`|;#]*)", re.MULTILINE
)
ROW = re.compile(r"^\| `([a-z]+)(?: ([a-z]+))?[^`]*` \| (.*) \|$", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
ODD = {"ESCALATION_TEST_POSTGRES"}  # the tests' own, in docs/development.md


def rows() -> dict[str, str]:
    """The settings' tables: variable -> the rest of its line."""
    found = re.findall(r"^\| `([A-Z_]+)` \| (.*)$", house.text(SETTINGS), re.MULTILINE)
    return {name: rest for name, rest in found if name != "NAME_FILE"}


def test_every_setting_is_explained() -> None:
    """Each variable has one line in docs/settings.md, and nothing is explained that does not exist."""
    assert sorted(rows()) == sorted(NAMES.values())


@pytest.mark.parametrize("field", ["data_dir", "config", "plivo_api_url", "slack_api_url"])
def test_a_default_that_is_shown_is_the_real_one(field: str) -> None:
    """Whoever leaves a variable out gets what the table says."""
    default = rows()[NAMES[field]].split("|", maxsplit=1)[0]
    assert f"`{getattr(Settings(), field)}`" in default


def test_no_guide_names_a_setting_that_does_not_exist() -> None:
    """A mistyped name in a guide would be copied, and ignored by every process."""
    known = {*NAMES.values(), *(f"{name}_FILE" for name in NAMES.values()), *ODD}
    named = {
        (str(path), name)
        for path in GUIDES
        for name in re.findall(r"\b(?:ESCALATION|PLIVO|SLACK|SMTP)_[A-Z_]*[A-Z]\b", house.text(path))
    }
    assert named
    assert sorted((path, name) for path, name in named if name not in known) == []


def test_every_relative_link_leads_to_a_file() -> None:
    """And to a heading that is there, where one is named."""
    targets = [(path, target) for path in GUIDES for target in LINK.findall(FENCE.sub("", house.text(path)))]
    inside = [(path, target) for path, target in targets if not re.match(r"[a-z]+:", target)]
    assert inside
    assert [f"{path}: {target}" for path, target in inside if not leads_somewhere(path, target)] == []


def test_every_guide_is_found_from_the_first_page() -> None:
    """A page that no other page links to is read by nobody."""
    linked = {
        (house.TOP / path.parent / target.partition("#")[0]).resolve()
        for path in GUIDES
        for target in LINK.findall(house.text(path))
        if not re.match(r"[a-z]+:", target)
    }
    assert [str(path) for path in GUIDES if path != Path("README.md") and (house.TOP / path).resolve() not in linked] == []


def test_every_command_that_is_shown_exists() -> None:
    """`escalation trigger`, `escalation config check`: with their sub-commands."""
    shown = {(str(path), name, sub) for path in GUIDES for name, sub, _ in commands(path)}
    assert shown
    assert sorted(found for found in shown if named(*found[1:]) is None) == []


def test_every_option_that_is_shown_exists() -> None:
    """Behind a command anywhere, and in the table of commands."""
    shown = {
        (str(path), name, sub, option) for path in GUIDES for name, sub, rest in commands(path) for option in OPTION.findall(rest)
    }
    shown |= {
        ("the table", name, sub, option) for name, sub, rest in table() for option in re.findall(r"`(--?[a-z][a-z-]*)", rest)
    }
    assert len(shown) > 40
    assert sorted(found for found in shown if found[3] not in options(*found[1:3])) == []


def commands(path: Path) -> list[tuple[str, str, str]]:
    """Name, what follows it, and the rest of its line, continued ones joined."""
    return COMMAND.findall(re.sub(r"\\\n>?\s*", "", house.text(path)))


def table() -> list[tuple[str, str, str]]:
    """The commands of docs/cli.md with what is said of each."""
    return [row for row in ROW.findall(house.text(Path("docs/cli.md"))) if row[0] in COMMANDS]


def named(name: str, sub: str) -> click.Command | None:
    command = cli.get_command(click.Context(cli), name)
    return command.commands.get(sub) if isinstance(command, click.Group) and sub else command


def options(name: str, sub: str) -> set[str]:
    """Every spelling that the command takes."""
    command = named(name, sub)
    return {"--help", *(word for param in (command.params if command else []) for word in (*param.opts, *param.secondary_opts))}


def leads_somewhere(path: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = (house.TOP / path.parent / name).resolve() if name else house.TOP / path
    return file.exists() and (not anchor or anchor in anchors(file.read_text(encoding="utf-8")))


def anchors(text: str) -> set[str]:
    """As GitHub makes them: small letters, no punctuation, dashes for spaces."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
