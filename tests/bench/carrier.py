"""What the stub carrier saw, asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench import wire


@dataclass(frozen=True, slots=True)
class Call:
    """When the request arrived (monotonic nanoseconds), for whom, and where the carrier is to ask what to say."""

    at: int
    to: str
    answer_url: str


@dataclass(frozen=True, slots=True)
class Text:
    """When the request arrived (monotonic nanoseconds), and for whom."""

    at: int
    to: str


@dataclass(frozen=True, slots=True)
class Post:
    """When the request arrived (monotonic nanoseconds), and whether it was a message (`postMessage`) or an edit (`update`)."""

    at: int
    method: str


class Carrier:
    def __init__(self, url: str) -> None:
        self._url = url

    def forget(self) -> None:
        wire.once("POST", f"{self._url}/_forget")

    def calls(self) -> list[Call]:
        return _calls(json.loads(wire.once("GET", f"{self._url}/_calls").body))

    def texts(self) -> list[Text]:
        return [Text(*one) for one in json.loads(wire.once("GET", f"{self._url}/_texts").body)]

    def posts(self) -> list[Post]:
        return [Post(*one) for one in json.loads(wire.once("GET", f"{self._url}/_posts").body)]

    def wait_for(self, count: int) -> Call:
        """Until so many calls have come; the last of them."""
        said = json.loads(wire.once("GET", f"{self._url}/_wait/{count}").body)
        return Call(*said)


def _calls(said: Sequence[tuple[int, str, str]]) -> list[Call]:
    return [Call(*one) for one in said]
