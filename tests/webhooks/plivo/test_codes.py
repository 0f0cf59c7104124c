"""What a phone hears that is called for a code: its own, while it counts, and never another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.domain.verification import Code, Way, digits, mark
from escalation.domain.verification_words import spelled
from tests.builders import PHONES
from tests.webhooks.plivo.line import Heard, Plivo, without_database

ANN, BOB = (PHONES[who] for who in ("ann", "bob"))


def sent(plivo: Plivo) -> Code:
    """A code was sent to Ann's number."""
    with plivo.receiver.system.store.transaction() as tx:
        return tx.keep_code("ann", mark(plivo.receiver.system.settings.secret_key, ANN), Way.CALL, "n", "zoe")


def hears(plivo: Plivo, code_id: int, to: str = ANN, status: str = "in-progress") -> str:
    answer = plivo.post(f"/plivo/codes/{code_id}/answer", CallUUID="call-1", CallStatus=status, To=to[1:])
    return Heard.read(answer).words


def test_the_phone_hears_its_code(plivo: Plivo) -> None:
    """Each time that Plivo asks: the same."""
    code = sent(plivo)
    words = " ".join(spelled(digits(plivo.receiver.system.settings.secret_key, code)))
    assert [hears(plivo, code.id).count(words) for _ in range(2)] == [2, 2]


def test_no_other_phone_hears_it(plivo: Plivo) -> None:
    """Nor does whoever asks for a code that there is not."""
    code = sent(plivo)
    for to, id in ((BOB, code.id), (ANN, code.id + 1)):
        assert "does not count any more" in hears(plivo, id, to)


def test_a_code_that_does_not_count_any_more_is_not_spoken(plivo: Plivo) -> None:
    """Too old; used; guessed at too often."""
    old = sent(plivo)
    plivo.receiver.clock.after(minutes=10)
    used, guessed = sent(plivo), sent(plivo)
    with plivo.receiver.system.store.transaction() as tx:
        tx.use_code(used.id, "zoe")
        for _ in range(5):
            tx.miss_codes([guessed.id])
    assert ["does not count any more" in hears(plivo, code.id) for code in (old, used, guessed)] == [True] * 3


def test_the_end_of_the_call_is_posted_here_too_and_means_nothing(plivo: Plivo) -> None:
    """Plivo has no other address for it."""
    answer = plivo.post("/plivo/codes/1/answer", CallUUID="call-1", CallStatus="completed", To=ANN[1:])
    assert (answer.status_code, answer.data) == (200, b"")


def test_whoever_is_not_plivo_hears_nothing(plivo: Plivo) -> None:
    """Unsigned: refused."""
    code = sent(plivo)
    assert plivo.receiver.client.post(f"/plivo/codes/{code.id}/answer", data={"To": ANN[1:]}).status_code == 403


def test_while_the_database_is_away_the_phone_is_told_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error would drop the caller; nothing of the number is logged."""
    assert "cannot be read to you at the moment" in hears(without_database(tmp_path / "gone"), 1)
    assert ANN[1:] not in caplog.text
