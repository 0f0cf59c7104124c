"""An alert's details on the command line: `--detail NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Iterable

import click

from escalation.errors import BadInput

DETAILS = click.option(
    "--detail", "details", multiple=True, metavar="NAME=VALUE", help="More about it; can be given several times."
)


def details_of(words: Iterable[str]) -> dict[str, str]:
    """Raises `BadInput`."""
    return dict(_pair(word) for word in words)


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise BadInput(["--detail: write it as NAME=VALUE"])
    return name, value
