"""Reads the XML that the product answers with, as strictly as Plivo: case-sensitive names, known elements only, values in
their documented ranges. A document is read whole before any of it is carried out; carrying out is for `reader.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

MAX_BYTES = 100 * 1024


class InvalidDocument(ValueError):
    """Plivo would drop the call: 8011 for an answer, 8012 for an action, 8013 a transfer, 8014 a redirect."""


@dataclass(frozen=True)
class Speak:
    text: str
    loop: int = 1


@dataclass(frozen=True)
class Play:
    url: str
    loop: int = 1


@dataclass(frozen=True)
class Wait:
    length: float = 1.0


@dataclass(frozen=True)
class Redirect:
    url: str
    method: str = "POST"


@dataclass(frozen=True)
class Hang:
    """`<Hangup>`; `schedule` seconds from now, the elements after it go on meanwhile."""

    reason: str = ""
    schedule: float | None = None


@dataclass(frozen=True)
class Collect:
    """`<GetInput>` and `<GetDigits>`. `patience` counts from the end of the prompts, `gap` between digits."""

    action: str
    method: str = "POST"
    prompts: tuple[Prompt, ...] = ()
    patience: float = 15.0
    gap: float = 2.0
    finish_on: str = "#"
    count: int = 32
    valid: str = "1234567890*#"
    redirect: bool = True
    tries: int = 1
    hears_keys: bool = True
    is_get_input: bool = True


@dataclass(frozen=True)
class Conference:
    """Stays in the room until somebody hangs up; who else is there is not simulated."""

    name: str
    callback_url: str = ""
    callback_method: str = "POST"


Prompt = Speak | Play | Wait
Element = Speak | Play | Wait | Redirect | Hang | Collect | Conference


def parse(body: bytes, content_type: str) -> list[Element]:
    if "xml" not in content_type.lower():
        raise InvalidDocument(f"Content-Type is {content_type or 'missing'}, not XML")
    if len(body) > MAX_BYTES:
        raise InvalidDocument("longer than 100 KB")
    root = _root(body)
    if root.getroottree().docinfo.doctype:
        raise InvalidDocument("a document type is not allowed")
    if _tag(root) != "Response":
        raise InvalidDocument(f"the root is <{_tag(root)}>, not <Response>")
    return [_element(child) for child in _children(root)]


def _root(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise InvalidDocument(f"not XML: {fault}") from fault


def _tag(node: etree._Element) -> str:
    return str(node.tag)


def _children(node: etree._Element) -> list[etree._Element]:
    return [child for child in node if isinstance(child.tag, str)]


def _element(node: etree._Element) -> Element:
    reader = _READERS.get(_tag(node))
    if reader is None:
        raise InvalidDocument(f"<{_tag(node)}> is not an element of Plivo's that is known here")
    return reader(node)


def _speak(node: etree._Element) -> Speak:
    """SSML inside is heard as its text."""
    text = " ".join("".join(node.itertext()).split())
    if not text:
        raise InvalidDocument("<Speak> has nothing to say")
    return Speak(text, _whole(node, "loop", 1, 0, 10**6))


def _play(node: etree._Element) -> Play:
    _leaf(node)
    return Play(_url(node.text, "<Play>"), _whole(node, "loop", 1, 0, 10**6))


def _wait(node: etree._Element) -> Wait:
    _leaf(node)
    return Wait(float(_whole(node, "length", 1, 1, 14_400)))


def _redirect(node: etree._Element) -> Redirect:
    _leaf(node)
    return Redirect((node.text or "").strip(), node.get("method", "POST"))


def _hangup(node: etree._Element) -> Hang:
    _leaf(node)
    schedule = node.get("schedule")
    reason = _one_of(node, "reason", "", ("", "rejected", "busy"))
    return Hang(reason, float(_whole(node, "schedule", 0, 1, 86_400)) if schedule else None)


def _conference(node: etree._Element) -> Conference:
    _leaf(node)
    name = (node.text or "").strip()
    if not name:
        raise InvalidDocument("<Conference> has no name")
    url = node.get("callbackUrl")
    return Conference(name, _url(url, "callbackUrl") if url else "", node.get("callbackMethod", "POST"))


def _get_input(node: etree._Element) -> Collect:
    kinds = _one_of(node, "inputType", "dtmf", ("dtmf", "speech", "dtmf speech", "speech dtmf"))
    if not node.get("action"):
        raise InvalidDocument("<GetInput> has no action")
    if node.get("speechEndTimeout", "auto") != "auto":
        _whole(node, "speechEndTimeout", 2, 2, 10)
    return Collect(
        action=node.get("action", ""),
        method=node.get("method", "POST"),
        prompts=_prompts(node),
        patience=_whole(node, "executionTimeout", 15, 5, 60),
        gap=2 if node.get("digitEndTimeout", "auto") == "auto" else _whole(node, "digitEndTimeout", 2, 2, 10),
        finish_on=_finish_key(node),
        count=_whole(node, "numDigits", 32, 1, 32),
        redirect=_flag(node, "redirect"),
        tries=_whole(node, "retries", 1, 1, 99),
        hears_keys="dtmf" in kinds,
    )


def _get_digits(node: etree._Element) -> Collect:
    return Collect(
        action=node.get("action", ""),
        method=node.get("method", "POST"),
        prompts=_prompts(node),
        patience=_whole(node, "timeout", 5, 1, 600),
        gap=_whole(node, "digitTimeout", 2, 1, 600),
        finish_on=_finish_key(node),
        count=_whole(node, "numDigits", 99, 1, 99),
        valid=node.get("validDigits", "1234567890*#"),
        redirect=_flag(node, "redirect"),
        tries=_whole(node, "retries", 1, 1, 99),
        is_get_input=False,
    )


_READERS: dict[str, Callable[[etree._Element], Element]] = {
    "Speak": _speak, "Play": _play, "Wait": _wait, "Redirect": _redirect, "Hangup": _hangup,
    "GetInput": _get_input, "GetDigits": _get_digits, "Conference": _conference,
}  # fmt: skip


def _prompts(node: etree._Element) -> tuple[Prompt, ...]:
    prompts = [_element(child) for child in _children(node)]
    if not all(isinstance(prompt, Speak | Play | Wait) for prompt in prompts):
        raise InvalidDocument(f"<{_tag(node)}> may hold only Speak and Play")
    return tuple(prompt for prompt in prompts if isinstance(prompt, Speak | Play | Wait))


def _leaf(node: etree._Element) -> None:
    if _children(node):
        raise InvalidDocument(f"<{_tag(node)}> may hold only text")


def _finish_key(node: etree._Element) -> str:
    key = node.get("finishOnKey", "#")
    if key in ("", "none"):
        return ""
    if len(key) != 1 or key not in "0123456789*#":
        raise InvalidDocument(f'finishOnKey="{key}" is not one key')
    return key


def _flag(node: etree._Element, name: str) -> bool:
    return _one_of(node, name, "true", ("true", "false")) == "true"


def _one_of(node: etree._Element, name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = node.get(name, default)
    if value not in allowed:
        raise InvalidDocument(f'<{_tag(node)} {name}="{value}"> must be one of {", ".join(allowed)}')
    return value


def _whole(node: etree._Element, name: str, default: int, low: int, high: int) -> int:
    text = node.get(name, str(default))
    if not text.isdigit() or not low <= int(text) <= high:
        raise InvalidDocument(f'<{_tag(node)} {name}="{text}"> must be a whole number from {low} to {high}')
    return int(text)


def _url(text: str | None, where: str) -> str:
    url = (text or "").strip()
    if not url.startswith(("http://", "https://")):
        raise InvalidDocument(f"{where} needs an http(s) URL")
    return url


def texts_in(body: bytes) -> list[tuple[str, str, str]]:
    """(src, dst, text) of each `<Message>` in the answer to an inbound text; an empty `<Response>` has none."""
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        raise InvalidDocument("not well-formed") from None
    if root.tag != "Response" or any(child.tag != "Message" for child in root):
        raise InvalidDocument("only <Message> may answer a text")
    return [(child.get("src", ""), child.get("dst", ""), (child.text or "").strip()) for child in root]
