"""House rules that no linter holds: sizes, names, docstrings, and what must not be in any file."""

from __future__ import annotations

import ast
import re
import socket
import tomllib
from collections import Counter
from pathlib import Path
from statistics import median

import phonenumbers
import pytest

from escalation.store.sql import SqlTransaction
from escalation.store.sql_work import Work
from tests import house, loopback

SHIPPED = house.modules(*house.SHIPPED, "celeryconfig.py")
EVERYWHERE = house.modules(*house.SHIPPED, "celeryconfig.py", "tests")
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc"}

# Numbers nobody has: kept for films and documentation by the authorities of the countries named.
RESERVED = re.compile(
    r"\+1\d{3}55501\d\d"  # North America, any area code
    r"|\+44(20794600\d\d|7700900\d{3}|1632960\d{3}|113496\d{4}|8081570\d{3}|9098790\d{3})"  # United Kingdom
    r"|\+33(19900|26191|35301|46571|53649|63998)\d{4}"  # France
    r"|\+49(3023125\d{3}|6990009\d{3}|4066969\d{3}|2214710\d{3}|8999998\d{3}|17139200\d{2}|176040690\d{2}"  # Germany
    r"|15228817386|15228895456|15254599371|1729925904|1729968532|1729973185|1729973186|1729980752|1749091317|1749464308)"
    r"|\+61(491570\d{3}|491571\d{3}|25550\d{4}|27010\d{4}|35550\d{4}|37010\d{4})"  # Australia
    r"|\+467017406\d\d|\+4684650\d{5}"  # Sweden
)
KIND = phonenumbers.PhoneNumberType
ORDINARY = {KIND.FIXED_LINE, KIND.MOBILE, KIND.FIXED_LINE_OR_MOBILE, KIND.VOIP, KIND.PAGER}
SATELLITES_AND_THE_LIKE = "001"  # the region of what belongs to no country
TEXTS = {".py", ".md", ".yaml", ".yml", ".json", ".toml", ".html", ".txt", ".sh", ".env", ".js", ""}
GIVEN = Path("tests/vectors")  # vectors as they were published


def test_no_module_is_longer_than_400_lines() -> None:
    """One noun or one duty per file; 400 lines is where it ends."""
    assert {str(path): house.lines(path) for path in EVERYWHERE if house.lines(path) > 400} == {}


def test_modules_stay_small_in_the_middle() -> None:
    """Half of what is shipped has at most 150 lines."""
    sizes = [house.lines(path) for path in SHIPPED if house.lines(path)]
    assert median(sizes) <= 150, f"the median module has {median(sizes)} lines"


def test_no_function_is_longer_than_50_lines() -> None:
    """And half of them have at most 10."""
    sizes = dict(pair for path in SHIPPED for pair in house.functions(path))
    assert {name: size for name, size in sizes.items() if size > 50} == {}
    assert median(sizes.values()) <= 10


def test_no_module_is_named_for_nothing() -> None:
    """`utils`, `helpers` and their like say nothing about what is inside."""
    assert [str(path) for path in EVERYWHERE if EMPTY_NAMES.intersection((*path.parts, path.stem))] == []


def test_every_module_says_what_it_is() -> None:
    """By its docstring; an empty `__init__.py` has nothing to say."""
    silent = [str(path) for path in EVERYWHERE if house.text(path).strip() and not ast.get_docstring(ast.parse(house.text(path)))]
    assert silent == []


def test_no_test_hides_another_of_the_same_name() -> None:
    """The second definition of a name silently replaces the first, and a promise goes untested."""
    hidden = {str(path): twice for path in house.modules("tests") if (twice := house.defined_twice(path))}
    assert hidden == {}


def test_every_folder_with_modules_is_a_package() -> None:
    """import-linter does not see into a folder without `__init__.py`, and would keep silent about it."""
    folders = {path.parent for path in SHIPPED if path.parent != Path() and path.parent.name != "migrations"}  # Alembic's scripts
    assert [str(folder) for folder in sorted(folders) if not (house.TOP / folder / "__init__.py").exists()] == []


def test_no_file_names_a_registry() -> None:
    """Where packages come from is the machine's business: no host in requirements or settings, no index anywhere."""
    hosts = re.compile(
        r"(files\.)?pythonhosted\.org|pypi\.org|test\.pypi|registry\.npmjs|--(extra-)?index-url|--find-links|trusted-host"
    )
    this = Path("tests/test_house.py")
    assert [str(path) for path in house.files() if path != this and hosts.search(house.text(path))] == []
    locked = [path for path in house.files() if path.name.startswith("requirements") or path.suffix in {".toml", ".lock"}]
    options = re.compile(r"://|^\s*-(?!-hash)|^\s*(index|find-links|index-url)\s*=|tool\.uv", re.MULTILINE)
    assert locked
    assert {str(path): found.group() for path in locked if (found := options.search(_code(house.text(path))))} == {}


def test_every_dependency_is_locked_with_hashes() -> None:
    """What pyproject.toml asks for is in the lock, the test group in the other; each with a hash. Otherwise: `make lock`."""
    project = tomllib.loads(house.text(Path("pyproject.toml")))
    shipped, tests = project["project"]["dependencies"], project["dependency-groups"]["test"]
    pins = {name: _pins(house.text(Path(name))) for name in ("requirements.txt", "requirements-test.txt")}
    assert {_name(line) for line in shipped} - pins["requirements.txt"].keys() == set()
    assert {_name(line) for line in tests} - pins["requirements-test.txt"].keys() == set()
    assert pins["requirements.txt"].items() <= pins["requirements-test.txt"].items()


def test_no_file_holds_a_number_that_somebody_has() -> None:
    """Only numbers reserved for examples, such as cannot exist, and kinds that no person has."""
    texts = [path for path in house.files() if path.suffix in TEXTS and not path.is_relative_to(GIVEN)]
    found = {(str(path), number) for path in texts for number in _numbers(house.text(path))}
    assert sorted((path, number) for path, number in found if _somebodys(number)) == []


@pytest.mark.parametrize(
    ("number", "somebodys"), [("+14155550123", False), ("+1555010" + "0001", False), ("+1415" + "2671234", True)]
)
def test_somebodys_number_is_told_from_nobodys(number: str, somebodys: bool) -> None:
    """The rule above would be worth nothing if it let every number pass."""
    assert _somebodys(number) is somebodys


def test_the_guides_name_only_commands_that_exist() -> None:
    """A stranger types what README and docs show."""
    guides = [path for path in house.files() if path.suffix == ".md" and path.parts[0] in {"README.md", "docs"}]
    targets = set(re.findall(r"^([a-z-]+):", house.text(Path("Makefile")), re.MULTILINE))
    shown = {
        (str(path), target)
        for path in guides
        for target in re.findall(r"(?:^|`|\$ )make ([a-z-]+)", house.text(path), re.MULTILINE)
    }
    assert shown
    assert sorted((path, target) for path, target in shown if target not in targets) == []


def test_a_connection_that_leaves_the_machine_is_refused() -> None:
    """By address and by name, and it is remembered even if somebody swallows the refusal."""
    with pytest.raises(loopback.LeavesThisMachine), socket.socket() as abroad:
        abroad.connect(("192.0.2.1", 443))
    with pytest.raises(loopback.LeavesThisMachine):
        socket.getaddrinfo("carrier.example", 443)
    assert loopback.attempts == ["192.0.2.1:443", "carrier.example:443"]
    loopback.attempts.clear()


def test_a_connection_on_this_machine_is_not() -> None:
    """The sandbox, the broker and the receiver are reached on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as here, socket.create_connection(here.getsockname()):
        assert loopback.attempts == []


def test_no_two_parts_of_a_transaction_answer_to_the_same_name() -> None:
    """One of them would never be called, and nothing would say so. What a part calls by `super()` is meant."""
    parts = [part for part in SqlTransaction.__bases__ if part is not Work]
    owners = Counter(name for part in parts for name, made in vars(part).items() if callable(made) and not name.startswith("__"))
    assert {name: count for name, count in owners.items() if count > 1} == {}


def _code(text: str) -> str:
    return re.sub(r"(^|\s)#.*", "", text)


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _pins(lock: str) -> dict[str, str]:
    found = re.findall(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==([^ \\]+)[^\n]*\\\n    --hash=", lock, re.MULTILINE)
    assert len(found) == len(re.findall(r"^\S+==", lock, re.MULTILINE))
    return dict(found)


def _numbers(text: str) -> set[str]:
    return {number.replace(" ", "") for number in re.findall(r"\+[1-9](?: ?\d){6,14}(?!\d)", text)}


def _somebodys(number: str) -> bool:
    """A person's or an office's; premium and satellite numbers may be shown, where they are refused."""
    try:
        read = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    nowhere = phonenumbers.region_code_for_number(read) in (None, SATELLITES_AND_THE_LIKE)
    return not nowhere and not RESERVED.fullmatch(number) and phonenumbers.number_type(read) in ORDINARY
