"""Migrations: safe when everybody starts at once, and the same as the tables that the code asks."""

from __future__ import annotations

import fcntl
import multiprocessing
import re
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, inspect

from escalation.errors import SchemaMismatch, StoreUnavailable
from escalation.store import schema
from escalation.store.engines import make_engine
from escalation.store.sql import SqlStore
from escalation.store.tables import metadata
from tests.store.nights import opened


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any schema: a file that does not exist yet, or an empty PostgreSQL database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new folder/bare.sqlite"
        return
    with request.getfixturevalue("postgres").made() as url:
        yield url


REVISION = """
from alembic import op

revision, down_revision, branch_labels, depends_on, kind, release = "{name}", "{before}", None, None, "{kind}", "{release}"


def upgrade():
    op.execute("CREATE TABLE of_revision_{name} (id INTEGER)")


def downgrade():
    op.execute("DROP TABLE of_revision_{name}")
"""


def release(folder: Path, *kinds: str) -> Path:
    """The migrations of later releases, with a further revision of each kind: `expand`, or `expand 9.1` for one of that release (9.0)."""
    scripts = folder / "-".join(("later", *kinds)).replace(" ", "-")
    shutil.copytree(schema.SCRIPTS, scripts)
    before = schema.head()
    for said in kinds:
        kind, _, number = said.partition(" ")
        name = f"{int(before or 0) + 1:04}"
        (scripts / "versions" / f"{name}_later.py").write_text(
            REVISION.format(name=name, before=before, kind=kind, release=number or "9.0")
        )
        before = name
    return scripts


def earlier(folder: Path) -> Path:
    """The migrations of the very first release."""
    scripts = folder / "earlier"
    shutil.copytree(schema.SCRIPTS, scripts)
    for revision in (scripts / "versions").glob("0*.py"):
        if not revision.name.startswith("0001"):
            revision.unlink()
    return scripts


def test_a_database_that_was_never_prepared_or_is_older_is_refused_with_what_to_run(bare_url: str, tmp_path: Path) -> None:
    """Whoever started the program reads the command that helps."""
    with pytest.raises(SchemaMismatch, match=r"never prepared: escalation migrate"):
        schema.check(bare_url)
    schema.migrate(bare_url, earlier(tmp_path))
    with pytest.raises(SchemaMismatch, match=r"older schema than this release needs: escalation migrate"):
        schema.check(bare_url)
    schema.migrate(bare_url)
    schema.check(bare_url)


@pytest.mark.parametrize("kinds", [("expand",), ("expand", "expand")])
def test_one_expanding_release_ahead_is_accepted_and_left_as_it_is(kinds: tuple[str, ...], bare_url: str, tmp_path: Path) -> None:
    """In a rolling upgrade the new release migrates first, and the old one goes on, or starts once more."""
    schema.migrate(bare_url, release(tmp_path, *kinds))
    ahead = schema.current(bare_url)
    schema.check(bare_url)
    assert schema.is_current(bare_url)
    schema.migrate(bare_url)
    assert schema.current(bare_url) == ahead != schema.head()
    store = SqlStore(bare_url)
    with store.transaction() as tx:
        assert opened(tx).id == 1
    store.dispose()


@pytest.mark.parametrize("kinds", [("contract",), ("expand", "expand 9.1"), ("expand", "contract")])
def test_a_contracting_revision_or_more_than_one_release_ahead_is_refused(
    kinds: tuple[str, ...], bare_url: str, tmp_path: Path
) -> None:
    """What this program asks for may be gone: neither does it start, nor does it migrate."""
    schema.migrate(bare_url, release(tmp_path, *kinds))
    ahead = schema.current(bare_url)
    for act in (schema.check, schema.migrate):
        with pytest.raises(SchemaMismatch, match="newer release"):
            act(bare_url)
    assert schema.current(bare_url) == ahead
    assert not schema.is_current(bare_url)


@pytest.mark.parametrize(("kinds", "fits"), [(("expand",), True), (("contract",), False), (("expand", "expand 9.1"), False)])
def test_beside_processes_that_run_only_one_expanding_release_is_applied(
    kinds: tuple[str, ...], fits: bool, bare_url: str, tmp_path: Path
) -> None:
    """They go on with that one; with anything else they would not start again, and nothing is changed."""
    schema.migrate(bare_url)
    later = release(tmp_path, *kinds)
    if fits:
        schema.migrate(bare_url, later, rolling=True)
        assert schema.current(bare_url) == schema.head(later)
    else:
        with pytest.raises(SchemaMismatch, match="stop all, escalation migrate, start all"):
            schema.migrate(bare_url, later, rolling=True)
        assert schema.current(bare_url) == schema.head()
    schema.migrate(bare_url, later, rolling=fits)  # without haste it goes the usual way
    assert schema.current(bare_url) == schema.head(later)
    schema.migrate(bare_url, later, rolling=True)  # nothing to do is no reason to refuse


def test_a_revision_that_expands_takes_nothing_from_the_release_before(bare_url: str) -> None:
    """Every table and column is still there, of the same type; what is new may be left out by who does not know it."""
    engine = make_engine(bare_url)
    before: dict[str, dict[str, tuple[str, bool]]] = {}
    schema.migrate(bare_url)
    with schema.alone(bare_url) as connection:
        schema.clear(connection)
    for revision in sorted(schema.known()):
        with schema.alone(bare_url) as connection:
            schema.bring_to(connection, revision)
        with engine.connect() as connection:
            now = columns(connection)
        if before and kind_of(revision) == schema.EXPAND:
            for table, old in before.items():
                assert {name: now[table].get(name) for name in old} == old, f"{revision} changes {table}"
                assert all(may_be_left_out for name, (_, may_be_left_out) in now[table].items() if name not in old), revision
        before = now
    engine.dispose()
    assert before


def kind_of(revision: str) -> str:
    return str(ScriptDirectory(str(schema.SCRIPTS)).get_revision(revision).module.kind)


def columns(connection: Connection) -> dict[str, dict[str, tuple[str, bool]]]:
    """By table and name: the type, and whether an insert may leave it out."""
    found = inspect(connection)
    return {
        table: {
            one["name"]: (str(one["type"]), bool(one["nullable"] or one["default"] is not None))
            for one in found.get_columns(table)
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def test_a_later_release_upgrades_what_an_earlier_one_left(bare_url: str, tmp_path: Path) -> None:
    """Also when its first revision was applied before kinds were noted."""
    schema.migrate(bare_url, earlier(tmp_path))
    later = release(tmp_path, "contract")
    schema.migrate(bare_url, later)
    schema.check(bare_url, later)


def test_every_revision_says_what_it_does_to_the_release_before() -> None:
    """Without a kind and a release the one before could not know whether it may go on."""
    revisions = list(ScriptDirectory(str(schema.SCRIPTS)).walk_revisions())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", r.module.release) for r in revisions)
    assert {r.revision: r.module.kind for r in revisions if r.module.kind not in ("expand", "contract")} == {}


def test_whoever_looks_reads_the_revisions_as_alembic_does(tmp_path: Path) -> None:
    """A file that is not named after its revision, or out of order, would be refused at every start, or never."""
    for scripts in (schema.SCRIPTS, earlier(tmp_path), release(tmp_path, "expand", "contract")):
        directory = ScriptDirectory(str(scripts))
        assert schema.head(scripts) == directory.get_current_head()
        assert sorted(schema.known(scripts)) == sorted(r.revision for r in directory.walk_revisions())


def test_a_bare_database_becomes_current(bare_url: str) -> None:
    """Nothing there, then everything; again changes nothing; and the store works on it."""
    assert schema.current(bare_url) is None
    assert not schema.is_current(bare_url)
    for _ in range(2):
        schema.migrate(bare_url)
        assert schema.current(bare_url) == schema.head()
        assert schema.is_current(bare_url)
    store = SqlStore(bare_url)
    with store.transaction() as tx:
        assert opened(tx).id == 1
    store.dispose()


def test_four_processes_may_migrate_at_once(bare_url: str) -> None:
    """Receiver, workers and timekeeper start together; each migrates, none fails."""
    context = multiprocessing.get_context("spawn")
    starters = [context.Process(target=schema.migrate, args=(bare_url,)) for _ in range(4)]
    for process in starters:
        process.start()
    for process in starters:
        process.join(60)
    assert [process.exitcode for process in starters] == [0, 0, 0, 0]
    assert schema.is_current(bare_url)


def test_one_who_comes_second_waits_for_the_first(tmp_path: Path) -> None:
    """Whoever holds the lock beside the file migrates; the next begins when it is done."""
    file = tmp_path / "escalation.sqlite"
    with ThreadPoolExecutor(1) as pool, Path(f"{file}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = pool.submit(schema.migrate, f"sqlite:///{file}")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        assert not file.exists()
        fcntl.flock(lock, fcntl.LOCK_UN)
        second.result(timeout=30)
    assert schema.is_current(f"sqlite:///{file}")


def test_migrations_and_tables_agree(url: str) -> None:
    """Alembic finds no difference between what the revisions built and what the code asks."""
    engine = make_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    engine.dispose()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Phone numbers and intake keys are in it; its write-ahead log takes over the same rights."""
    file = tmp_path / "escalation.sqlite"
    schema.migrate(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_asking_for_the_version_creates_nothing(tmp_path: Path) -> None:
    """A health check must not leave an empty database behind."""
    assert schema.current(f"sqlite:///{tmp_path}/none.sqlite") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["escalation.sqlite", "what? 50% of it #1.sqlite"])
def test_a_file_that_was_moved_away_is_missed_and_not_made_anew(name: str, tmp_path: Path) -> None:
    """An empty one in its place would take alerts for nobody, and stand in the way when the old one comes back."""
    url = URL.create("sqlite", database=str(tmp_path / name)).render_as_string()
    schema.migrate(url)
    store = SqlStore(url)
    with store.transaction() as tx:
        assert opened(tx).id == 1
    store.dispose()
    (tmp_path / name).rename(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable), store.transaction():
        pass
    assert not (tmp_path / name).exists()
    (tmp_path / "elsewhere").rename(tmp_path / name)
    with store.transaction() as tx:
        assert tx.load(1)
    store.dispose()


def test_a_database_that_cannot_be_migrated_says_so(tmp_path: Path) -> None:
    """What is not a database is not overwritten."""
    file = tmp_path / "notes.sqlite"
    file.write_text("these are my notes, not a database, and they are longer than a header")
    with pytest.raises(StoreUnavailable):
        schema.migrate(f"sqlite:///{file}")
    assert file.read_text().startswith("these are my notes")
