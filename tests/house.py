"""The house seen from outside: its files, and what its Python consists of. For the house rules in `test_house.py` only."""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SHIPPED = ("escalation", "workers", "webhooks")
NOT_OURS = {".git", ".venv", "__pycache__", "var", "build", "dist", "node_modules"}


@cache
def files() -> tuple[Path, ...]:
    """All files that are in the repository or about to be, relative to its top. Without git: all but the generated ones."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, capture_output=True, check=False
    )
    found = [Path(name) for name in listed.stdout.decode().split("\0") if name] if listed.returncode == 0 else _walked()
    return tuple(sorted(path for path in found if (TOP / path).is_file()))


def _walked() -> list[Path]:
    inside = (path.relative_to(TOP) for path in TOP.rglob("*"))
    return [path for path in inside if not NOT_OURS.intersection(path.parts) and not path.parts[0].endswith("_cache")]


def modules(*tops: str) -> list[Path]:
    """The Python files below these folders (and `celeryconfig.py`), migrations' generated revisions aside."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in tops and "versions" not in path.parts]


def text(path: Path) -> str:
    """Empty for what is not text."""
    try:
        return (TOP / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def lines(path: Path) -> int:
    return len(text(path).splitlines())


def functions(path: Path) -> list[tuple[str, int]]:
    """Name and length in lines (decorators aside) of every function and method."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(text(path))) if isinstance(node, kinds)]
    return [(f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1) for node in found]


def defined_twice(path: Path) -> list[str]:
    """Names of functions and classes that one scope defines more than once."""
    scopes = [node.body for node in ast.walk(ast.parse(text(path))) if isinstance(node, (ast.Module, ast.ClassDef))]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    named = [Counter(node.name for node in body if isinstance(node, kinds) and not node.decorator_list) for body in scopes]
    return [name for names in named for name, count in names.items() if count > 1]
