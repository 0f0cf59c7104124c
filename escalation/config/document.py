"""YAML text -> plain values, with the line of everything. Bounded in size, depth and what aliases may unfold to; a key
said twice is a fault; what YAML 1.1 reads otherwise than people mean it (`no`, `012`, `5:00`, a bare number) stays
recognisable, so that the rules can say so. Not the rules: it knows no key of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from escalation.config.faults import Faults, Path, quoted
from escalation.errors import BadConfig

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 50_000

_TAG = "tag:yaml.org,2002:"
_BOOLS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_READ_AS = {"bool": "true or false", "null": "nothing", "int": "a number", "float": "a number", "timestamp": "a date"}


@dataclass(frozen=True, slots=True)
class Odd:
    """A bare word that YAML reads as `what`. Nothing is made of it but where a date or a time of day belongs; its `text` may be a
    number that somebody is called at."""

    what: str
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """`data` is made of dict, list, str, int, bool, None and `Odd`; `lines` has every path in it."""

    data: object
    lines: dict[Path, int]
    faults: Faults

    def at(self, path: Path) -> object:
        """The value at a path; None where there is none."""
        value = self.data
        for part in path:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
                value = value[part]
            else:
                return None
        return value


def read(text: str) -> Document:
    """Reads the text; raises `BadConfig` when it is no YAML at all or beyond a bound. Other faults are in the document."""
    if len(text) > MAX_CHARACTERS:
        raise BadConfig([f"line 1: file: longer than {MAX_CHARACTERS:,} characters"])
    root = _composed(text)
    if root is None:
        raise BadConfig(["line 1: file: is empty"])
    lines: dict[Path, int] = {(): 1}
    faults = Faults(lines)
    return Document(_Reader(lines, faults).value(root, ()), lines, faults)


class _TooDeep(yaml.MarkedYAMLError):
    """Raised before Python's own stack runs out."""


class _Composer(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeep(problem=f"nested more than {MAX_DEPTH} deep", problem_mark=self.get_mark())
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _composed(text: str) -> yaml.Node | None:
    try:
        return _Composer(text).get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadConfig([f"line {line}: file: a character that YAML does not allow"]) from None
    except yaml.MarkedYAMLError as error:
        raise BadConfig([_unreadable(error)]) from None
    except (yaml.YAMLError, ValueError, OverflowError):  # PyYAML lets `"\UFFFFFFFF"` and the like through as ValueError
        raise BadConfig(["line 1: file: not YAML"]) from None


def _unreadable(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    context = f" ({error.context}, begun in line {error.context_mark.line + 1})" if error.context and error.context_mark else ""
    # Names out of the file stand in some of these texts, and somebody may have put a number there.
    problem = re.sub(r"(alias|anchor|handle) (['\"]).*\2", r"\1 …", f"{error.problem or 'not YAML'}{context}")
    hint = " (a tab? indent with spaces)" if "\\t" in problem else ""
    return f"line {mark.line + 1 if mark else 1}: file: {problem}{hint}"


class _Reader:
    def __init__(self, lines: dict[Path, int], faults: Faults) -> None:
        self.lines, self.faults, self.left = lines, faults, MAX_VALUES
        self.open: set[int] = set()  # nodes we are inside of: an alias may point back at one

    def value(self, node: yaml.Node, path: Path) -> object:
        self.left -= 1
        line = node.start_mark.line + 1
        if self.left < 0:
            raise BadConfig([f"line {line}: file: unfolds to more than {MAX_VALUES:,} values"])
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in self.open:
            self.faults.add(path, "contains itself (an alias to what surrounds it)", line)
            return None
        self.open.add(id(node))
        try:
            return self._collection(node, path)
        finally:
            self.open.discard(id(node))

    def _collection(self, node: yaml.Node, path: Path) -> object:
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            self.faults.add(path, "tags (`!…`) are not used here", node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return [self._item(item, (*path, i)) for i, item in enumerate(node.value)]

    def _item(self, node: yaml.Node, path: Path) -> object:
        self.lines[path] = node.start_mark.line + 1
        return self.value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        said: dict[str, object] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = self._key(key, path, line)
            here = (*path, name or "")
            if name is None:
                continue
            if name in said:
                self.faults.add(here, f"said twice, first in line {self.lines[here]}", line)
                continue
            self.lines[here] = line
            said[name] = self.value(value, here)
        return said

    def _key(self, node: yaml.Node, path: Path, line: int) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.faults.add(path, "a key must be a single word", line)
            return None
        if node.tag == _TAG + "merge":
            self.faults.add(path, "`<<` is not supported: say it again, or use an alias for the whole value", line)
            return None
        if node.tag != _TAG + "str":
            what = _READ_AS.get(node.tag.removeprefix(_TAG), "something else")
            self.faults.add(path, f"YAML reads the key {quoted(node.value)} as {what}: put it in quotes", line)
        return str(node.value)


def _scalar(node: yaml.ScalarNode) -> object:
    kind, text = node.tag.removeprefix(_TAG), node.value
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    # Only what reads the same everywhere: 010 is eight to YAML 1.1, 5:00 is three hundred.
    if kind == "int" and re.fullmatch(r"0|[1-9][0-9]{0,8}", text, re.ASCII):
        return int(text)
    return Odd(_READ_AS.get(kind, "something else"), text)
