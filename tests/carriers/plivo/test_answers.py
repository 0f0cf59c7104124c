"""What the phone hears: documents that a strict reader (the sandbox's) takes, whatever the words are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from escalation.carriers.plivo import answers
from escalation.sandbox.document import Collect, Hang, Redirect, Speak, Wait, parse

KEY, SILENT = "https://pager.example.com/plivo/calls/42-3-1/key/0#rc=2", "https://pager.example.com/plivo/calls/42-3-1/silent/0"


def read(document: bytes) -> list[object]:
    return list(parse(document, "application/xml"))


def test_a_menu_takes_one_key_while_it_speaks_and_goes_on_when_none_comes() -> None:
    """Plivo does not call the action without input: the redirect behind it is what notices the silence."""
    menu, redirect = read(answers.menu(["Payments.", "Press 1."], KEY, SILENT))
    assert isinstance(menu, Collect)
    assert (menu.count, menu.finish_on, menu.action, menu.patience) == (1, "", KEY, 10)
    assert menu.prompts == (Speak("Payments."), Speak("Press 1."))
    assert redirect == Redirect(SILENT)


def test_a_menu_without_a_place_for_silence_hangs_up() -> None:
    """The last repeat."""
    assert isinstance(read(answers.menu(["Press 1."], KEY))[-1], Hang)


def test_what_came_of_a_key_is_spoken_inside_the_menu() -> None:
    """Whoever is quick need not hear it out."""
    menu, _ = read(answers.say_then_menu(["That key means nothing here."], ["Press 1."], KEY, SILENT))
    assert isinstance(menu, Collect)
    assert [prompt.text for prompt in menu.prompts if isinstance(prompt, Speak)] == ["That key means nothing here.", "Press 1."]


def test_letters_are_spelled_twice_and_slowly() -> None:
    """A pause behind each, so that they can be written down; then it hangs up."""
    document = read(answers.spell(["Here."], ["four", "two"], ["Once more."], ["Goodbye."]))
    letters = [Speak("four"), Wait(1.0), Speak("two"), Wait(1.0)]
    assert document[:-1] == [Speak("Here."), *letters, Speak("Once more."), *letters, Speak("Goodbye.")]
    assert isinstance(document[-1], Hang)


def test_saying_ends_the_call() -> None:
    """Words, then the line is free."""
    assert read(answers.say(["Acknowledged."])) == [Speak("Acknowledged."), Hang()]


def test_a_person_mistaken_for_a_machine_can_press_a_key() -> None:
    """Detection is wrong often enough."""
    menu, hangup = read(answers.voicemail(["Payments is down."], KEY))
    assert isinstance(menu, Collect)
    assert menu.action == KEY
    assert isinstance(hangup, Hang)


def test_the_fallback_needs_nothing_but_an_address() -> None:
    """The database is away."""
    assert isinstance(read(answers.fallback(KEY))[0], Collect)
    assert isinstance(read(answers.fallback())[0], Speak)


def test_the_voice_is_one_that_reads_english() -> None:
    """As chosen for every word."""
    speak = etree.fromstring(answers.say(["Hello"]))[0]
    assert dict(speak.attrib) == {"language": "en-US", "voice": "WOMAN"}


@given(st.lists(st.text() | st.text("&<>\x00\ud800\U0001f525\ufffe]]>", max_size=50), max_size=40))
def test_any_words_make_a_document_that_plivo_takes(words: list[str]) -> None:
    """8011 would drop the caller."""
    for document in (answers.menu(words, KEY, SILENT), answers.say(words), answers.voicemail(words, KEY)):
        assert read(document)


def test_endless_words_stay_far_below_100_kb() -> None:
    """Escaped and encoded, at their worst."""
    assert len(answers.menu(["&" * 10**4] * 200, KEY, SILENT)) < 70_000
    assert len(answers.say(["🔥" * 10**4] * 200)) < 70_000
