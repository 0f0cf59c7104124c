"""From the file to the database: wholly, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from escalation.config.apply import Applied, apply, check, text_of
from escalation.config.load import load
from escalation.domain.roster import Channel
from escalation.errors import BadConfig
from escalation.store.schema import migrate
from escalation.store.sql import SqlStore
from tests.config.texts import GOOD, changed


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path / 'escalation.sqlite'}"
    migrate(url)
    store = SqlStore(url, Clock())
    yield store
    store.dispose()


def test_what_was_applied_is_what_processes_read(store: SqlStore) -> None:
    """Site and text, with the next version."""
    applied = apply(store, GOOD)
    with store.transaction() as transaction:
        assert (transaction.site().version, transaction.document()) == (applied.version, GOOD)
        assert transaction.site().roster == load(GOOD).site.roster
        assert transaction.site().policies == load(GOOD).site.policies
        assert transaction.site().services == load(GOOD).site.services


def test_only_what_changed_is_told(store: SqlStore) -> None:
    """A second file is compared with the first."""
    first = apply(store, GOOD)
    second = apply(store, changed("ring: 25s", "ring: 40s"))
    assert second.version > first.version
    assert second.changes == ["policy default: ring 25s -> 40s"]
    assert len(second.warnings) == 1


def test_the_same_again_stores_nothing(store: SqlStore) -> None:
    """`up` and deployments apply at every start."""
    first = apply(store, GOOD)
    assert apply(store, GOOD) == Applied(first.version, [], [])


def test_somebody_opting_out_is_no_change(store: SqlStore) -> None:
    """The mark is the database's, not the file's."""
    first = apply(store, GOOD)
    with store.transaction() as transaction:
        transaction.block(Channel.SMS, "+15550100001", "opted out")
    assert apply(store, GOOD) == Applied(first.version, [], [])


def test_a_changed_comment_is_stored_and_said(store: SqlStore) -> None:
    """Whoever reads the applied text back gets the newest."""
    first = apply(store, GOOD)
    second = apply(store, GOOD + "# by Ann\n")
    assert (second.version, second.changes) == (first.version + 1, ["the text only: comments, layout or order"])


def test_a_new_key_in_a_key_file_is_a_change(store: SqlStore, tmp_path: Path) -> None:
    """The text is the same, what it means is not."""
    text = changed('keys: ["0123456789abcdef0123456789abcdef"]', "key_file: keys")
    (tmp_path / "keys").write_text("a" * 32)
    apply(store, text, tmp_path)
    (tmp_path / "keys").write_text("b" * 32)
    assert apply(store, text, tmp_path).changes == ["service payments: keys changed (1 key)"]


def test_a_faulty_file_changes_nothing(store: SqlStore) -> None:
    """The one before stays in force."""
    apply(store, GOOD)
    with pytest.raises(BadConfig):
        apply(store, changed("ring: 25s", "ring: 25"))
    with store.transaction() as transaction:
        assert transaction.document() == GOOD


def test_check_reads_the_file_as_apply_would(tmp_path: Path) -> None:
    """Key files beside it, a byte order mark in front."""
    (tmp_path / "keys").write_text("a" * 32)
    path = tmp_path / "escalation.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + changed('keys: ["0123456789abcdef0123456789abcdef"]', "key_file: keys").encode())
    assert check(path).site.services["payments"].keys == ("a" * 32,)


@pytest.mark.parametrize(
    ("content", "fault"),
    [(None, "line 1: file: cannot be read: No such file or directory"), (b"a: 1\nb: \xff\n", "line 2: file: not UTF-8 text")],
)
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, content: bytes | None, fault: str) -> None:
    """Missing, or not text."""
    path = tmp_path / "escalation.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadConfig) as caught:
        text_of(path)
    assert caught.value.faults == [fault]
