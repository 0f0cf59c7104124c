"""Who does what when paged, for a simulation: a small YAML file -> `Answers` by handle, or every fault at once with its line. Not the
configuration."""

from __future__ import annotations

from collections.abc import Container

from escalation.config import document
from escalation.config.faults import Faults, Path, guess, quoted
from escalation.domain.simulation import Answer, Answers
from escalation.errors import BadConfig

KINDS = ("calls", "texts")
NO_TEXTS = (Answer.BUSY, Answer.VOICEMAIL, Answer.HANGS_UP)


def answers(text: str, people: Container[str], handles: list[str]) -> dict[str, Answers]:
    """`ann: voicemail`, `bob: [nothing, acknowledges]`, `lee: {calls: busy, texts: acknowledges}`. A word or a list is about calls.
    Raises `BadConfig`."""
    read = document.read(text)
    if not isinstance(read.data, dict):
        raise BadConfig(["line 1: file: must say who does what: `ann: [nothing, acknowledges]`"])
    found = {}
    for handle, said in read.data.items():
        if handle not in people:
            read.faults.add((handle,), f"no such person {quoted(handle)}{guess(handle, handles)}")
        found[handle] = _of_one(said, (handle,), read.faults)
    if read.faults:
        raise BadConfig(read.faults.sorted())
    return found


def _of_one(said: object, path: Path, faults: Faults) -> Answers:
    if not isinstance(said, dict):
        return Answers(_words(said, path, faults))
    for kind in said:
        if kind not in KINDS:
            faults.add((*path, kind), "only `calls` and `texts`")
    calls, texts = (_words(said.get(kind, []), (*path, kind), faults) for kind in KINDS)
    for n, word in enumerate(texts):
        if word in NO_TEXTS:
            faults.add((*path, "texts", n), f"a text is not answered by `{word.value}`")
    return Answers(calls, texts)


def _words(said: object, path: Path, faults: Faults) -> tuple[Answer, ...]:
    words = list(enumerate(said)) if isinstance(said, list) else [(None, said)]
    found = []
    for n, word in words:
        if isinstance(word, str) and word in list(Answer):
            found.append(Answer(word))
        else:
            faults.add(path if n is None else (*path, n), f"must be one of {', '.join(Answer)}")
    return tuple(found)
