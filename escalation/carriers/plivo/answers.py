"""What the phone hears, as the XML that Plivo reads. Pure; any words make a document that Plivo accepts (8011 would drop the
caller). Not the words themselves: those are the domain's `wording`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from escalation.domain.wording import fallback_words

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PATIENCE, BRIEFLY = 10, 5  # seconds for a key, counted from the end of the words (5 to 60 allowed)
LONGEST, MOST = 600, 20  # characters of a sentence, sentences: far below Plivo's 100 KB, whatever an alert says


def menu(words: Sequence[str], action_url: str, silent_url: str = "") -> bytes:
    """Says the words and takes one key, at any time while they are said. Without a key Plivo does not call the action but goes
    on to what stands behind: the redirect, or hanging up."""
    response = etree.Element("Response")
    _say(_input(response, action_url, PATIENCE), words)
    if silent_url:
        etree.SubElement(response, "Redirect", method="POST").text = _clean(silent_url)
    else:
        etree.SubElement(response, "Hangup")
    return _document(response)


def say_then_menu(said: Sequence[str], words: Sequence[str], action_url: str, silent_url: str = "") -> bytes:
    """First what came of the last key, then the menu; a key may be pressed during either."""
    return menu([*said, *words], action_url, silent_url)


def say(words: Sequence[str]) -> bytes:
    """Says the words and hangs up."""
    response = etree.Element("Response")
    _say(response, words)
    etree.SubElement(response, "Hangup")
    return _document(response)


def spell(before: Sequence[str], letters: Sequence[str], again: Sequence[str], after: Sequence[str]) -> bytes:
    """Says the letters twice, slowly enough to be written down, and hangs up."""
    response = etree.Element("Response")
    for words in (before, again):
        _say(response, words)
        for letter in letters:
            _say(response, [letter])
            etree.SubElement(response, "Wait", length="1")
    _say(response, after)
    etree.SubElement(response, "Hangup")
    return _document(response)


def say_then_go(words: Sequence[str], url: str) -> bytes:
    """Says the words and asks there what comes next: what takes longer than an answer may."""
    response = etree.Element("Response")
    _say(response, words)
    etree.SubElement(response, "Redirect", method="POST").text = _clean(url)
    return _document(response)


def voicemail(words: Sequence[str], action_url: str) -> bytes:
    """For a machine, or for a person mistaken for one: they can still press a key."""
    response = etree.Element("Response")
    _say(_input(response, action_url, BRIEFLY), words)
    etree.SubElement(response, "Hangup")
    return _document(response)


def fallback(action_url: str = "", silent_url: str = "") -> bytes:
    """When the words of the incident cannot be had. Needs no database; with an action a key can be pressed all the same, and after
    silence more may be said, since what failed may work again by then."""
    return menu(fallback_words(keys=True), action_url, silent_url) if action_url else say(fallback_words())


def _input(response: etree._Element, action_url: str, patience: int) -> etree._Element:
    # finishOnKey is empty: the default, #, would make "#" no key at all and wait for more.
    return etree.SubElement(
        response,
        "GetInput",
        action=_clean(action_url),
        method="POST",
        inputType="dtmf",
        numDigits="1",
        finishOnKey="",
        executionTimeout=str(patience),
    )


def _say(parent: etree._Element, words: Sequence[str]) -> None:
    for said in filter(None, map(_clean, words[:MOST])):
        etree.SubElement(parent, "Speak", language="en-US", voice="WOMAN").text = said


def _clean(text: str) -> str:
    return " ".join(_NOT_XML.sub(" ", text[:LONGEST]).split())


def _document(response: etree._Element) -> bytes:
    return etree.tostring(response, xml_declaration=True, encoding="UTF-8")
