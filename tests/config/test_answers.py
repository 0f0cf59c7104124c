"""The file that says who does what in a simulation."""

from __future__ import annotations

import pytest

from escalation.config.answers import answers
from escalation.domain.simulation import Answer, Answers
from escalation.errors import BadConfig

PEOPLE = ["ann", "bob", "lee"]


def test_a_word_a_list_and_calls_beside_texts() -> None:
    text = "ann: voicemail\nbob: [nothing, acknowledges]\nlee: {calls: busy, texts: acknowledges}\n"
    assert answers(text, PEOPLE, PEOPLE) == {
        "ann": Answers((Answer.VOICEMAIL,)),
        "bob": Answers((Answer.NOTHING, Answer.ACKNOWLEDGES)),
        "lee": Answers((Answer.BUSY,), (Answer.ACKNOWLEDGES,)),
    }


def test_every_fault_at_once_with_its_line() -> None:
    text = "an: nothing\nbob:\n  - acknowledges\n  - sleeps\nlee: {texts: busy, mails: nothing}\n"
    with pytest.raises(BadConfig) as told:
        answers(text, PEOPLE, PEOPLE)
    assert told.value.faults == [
        "line 1: an: no such person `an`, did you mean `ann`?",
        f"line 4: bob.2: must be one of {', '.join(Answer)}",
        "line 5: lee.mails: only `calls` and `texts`",
        "line 5: lee.texts: a text is not answered by `busy`",
    ]


@pytest.mark.parametrize("text", ["", "- ann\n", "ann", "ann: [[", "ann: 1\n", "ann:\n"])
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(BadConfig):
        answers(text, PEOPLE, PEOPLE)
