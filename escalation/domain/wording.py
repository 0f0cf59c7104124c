"""What is said and written to people, whatever the channel: the brief that a carrier renders, and the words for phone, text and
mail. Short, the same order every time, nothing before the reason. Not its rendering as XML, blocks or MIME (the carriers' business)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from escalation.domain.alert import Link, Severity
from escalation.domain.incident import Again, Status
from escalation.domain.policy import READINESS, SELF_TEST
from escalation.domain.segments import gsm7, is_gsm7, is_readable, segments, septets, utf16
from escalation.domain.shown import Line
from escalation.domain.speech import cut, speakable


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a message about one incident may say. `link` opens the incident's page (signed, expiring); `code` is what a
    reply must name; `mentions` are chat ids of the people being paged; `next` says who is next and when; `turn` is the
    incident's, so that a button pressed on an old message is known; `again` why it is paged again, on account of whom."""

    incident_id: int
    short_id: str
    service: str
    severity: Severity
    summary: str
    status: Status
    opened_at: datetime
    responder: str = ""
    link: str = ""
    code: str = ""
    source: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    acknowledged_by: str = ""
    mentions: tuple[str, ...] = ()
    next: str = ""
    turn: int = 0
    again: Again | None = None
    again_by: str = ""
    shown: tuple[Line, ...] = ()  # all that a Slack message shows, when these are several
    post: str = ""  # that message and its last line: what its button means
    gathered: str = ""  # a text that tells of several incidents, ready to be sent


WHO = "This is the on-call pager."
WHAT = {
    Severity.CRITICAL: "Critical incident on",
    Severity.ERROR: "Error on",
    Severity.WARNING: "Warning for",
    Severity.INFO: "Notice about",
}
KEYS = (
    "Press 1 to acknowledge.",
    "Press 2 to escalate to the next person now.",
    "Press 3 if you are not the one.",
    "Press 9 to hear this again.",
)
NOBODY = "Everybody was tried, and nobody has it."
AGAIN = {
    Again.EXPIRED: "{by} acknowledged this, and nothing was heard since.",
    Again.GIVEN_BACK: "{by} had this and gave it back.",
    Again.HANDED_OVER: "{by} has had this and is handing it over.",
}
AGAIN_BY_TEXT = {
    Again.EXPIRED: "{by}'s ack expired. ",
    Again.GIVEN_BACK: "{by} gave it back. ",
    Again.HANDED_OVER: "{by} hands it over. ",
}
CHARACTERS_PER_SECOND = 14
VOICEMAIL = 15 * CHARACTERS_PER_SECOND


# --- on the phone: lists of sentences, each spoken as one


def spoken(brief: Brief) -> list[str]:
    """The menu of a call: the reason, then the keys."""
    if brief.service == READINESS:
        return [WHO, "This is a test. Nothing is wrong.", _summary(brief), "Press 1 so that we know that calls reach you."]
    return [*reason(brief), *KEYS]


def reason(brief: Brief) -> list[str]:
    """Who is calling, how bad, where, what; why again."""
    exhausted = [NOBODY] if brief.status is Status.EXHAUSTED else []
    again = [AGAIN[brief.again].format(by=speakable(brief.again_by, 60) or "Somebody")] if brief.again else []
    return [WHO, _trouble(brief), _summary(brief), *again, *exhausted]


def voicemail_words(brief: Brief) -> list[str]:
    """At most 15 seconds; may be heard by a person who was mistaken for a machine."""
    if brief.service == READINESS:
        return [WHO, "This was a test. Nothing is wrong. If you hear this, press 1."]
    head, tail = _trouble(brief, 60), "It is not acknowledged. Press 1 to acknowledge, or look at your messages."
    room = VOICEMAIL - len(f"{WHO} {head} {tail} ")
    return [WHO, head, _summary(brief, room), tail]


def acknowledged_words(brief: Brief) -> list[str]:
    return [f"Acknowledged. Incident {brief.incident_id} is yours.", "Thank you. Goodbye."]


def already_words(by: str) -> list[str]:
    return [f"Thank you, {speakable(by, 60) or 'somebody else'} has it already.", "There is nothing to do. Goodbye."]


def resolved_words(brief: Brief) -> list[str]:
    if brief.service == READINESS:
        return ["Thank you, calls reach you." if brief.acknowledged_by else "The test is over. Nothing is wrong.", "Goodbye."]
    if brief.service == SELF_TEST:
        return ["This is a test call of the on-call pager. Nothing is wrong.", "There is nothing to do. Goodbye."]
    return [f"Incident {brief.incident_id} is resolved.", "There is nothing left to do. Goodbye."]


def snoozed_words(brief: Brief) -> list[str]:
    return [f"Incident {brief.incident_id} is snoozed.", "There is nothing to do now. Goodbye."]


def declined_words(next_name: str = "") -> list[str]:
    return ["Noted, you are not the one.", f"{_next(next_name)} Goodbye."]


def escalated_words(next_name: str = "") -> list[str]:
    return [f"Escalated. {_next(next_name)}", "Goodbye."]


def stale_words(next_name: str = "") -> list[str]:
    """The step had moved on before the key was pressed."""
    return [f"That was escalated already, and nobody was skipped. {_next(next_name)}", "Goodbye."]


def unsaved_words() -> list[str]:
    """The database was away: it must not sound like an acknowledgement."""
    return ["This could not be saved, so nothing has changed.", "Press your key again, or wait for the next call."]


def wrong_key_words() -> list[str]:
    return ["That key means nothing here."]


def silence_words() -> list[str]:
    return ["No key was pressed. It is not acknowledged. Goodbye."]


def enough_words() -> list[str]:
    """No call goes on for ever, whatever comes for keys."""
    return ["It is not acknowledged. Look at your messages, or wait for the next call.", "Goodbye."]


def unknown_words() -> list[str]:
    """A call about what the database does not have: it was restored, or made anew."""
    return ["There is no such incident.", "There is nothing to do. Goodbye."]


def fallback_words(*, keys: bool = False) -> list[str]:
    """When nothing about the incident can be read. `keys`: whether one can be pressed all the same."""
    key = ["Press 1 to acknowledge."] if keys else []
    return [WHO, "An incident is open. It cannot be read to you at the moment.", "Please look at your messages.", *key]


def _trouble(brief: Brief, limit: int = 80) -> str:
    """`Critical incident on payments.`"""
    return f"{WHAT[brief.severity]} {speakable(brief.service, limit) or 'an unnamed service'}."


def _summary(brief: Brief, limit: int = 200) -> str:
    return f"{speakable(brief.summary, limit - 1) or 'No summary was given'}."


def _next(name: str) -> str:
    return f"Now paging {speakable(name, 60)}." if name else "Nobody is left to page; the last resort is told."


# --- by text

ROOMS = {septets: (160, 306), utf16: (70, 134, 201)}  # what one message, two, three hold
USEFUL = 24  # fewer characters of a summary than these say nothing: rather one more message


def sms(brief: Brief) -> str:
    """A page by text: one GSM-7 message where it can be, severity first. Neither the link nor the code is ever cut. A summary in
    a script that GSM-7 does not have is left readable, at the price of more messages."""
    if brief.gathered:
        return brief.gathered
    plain = gsm7 if is_readable(brief.service + brief.summary) else printable
    head = f"{brief.severity.upper()} {brief.short_id} {cut(one_line(plain(brief.service)), 30, '...')}: "
    nobody = "NOBODY HAS IT. " if brief.status is Status.EXHAUSTED else ""
    by = cut(one_line(plain(brief.again_by)), 20, "...") or "Somebody"
    again = AGAIN_BY_TEXT[brief.again].format(by=by) if brief.again else ""
    link = f"\n{brief.link}" if brief.link else ""
    how = f"\nReply 1 {brief.code} = ack" if brief.code else ""
    return head + fitted(one_line(plain(nobody + again + brief.summary)), head + link + how) + link + how


def messages(brief: Brief) -> int:
    """How many a page by text is billed as."""
    return segments(sms(brief))


def fitted(said: str, around: str) -> str:
    """As much of it as leaves the whole in one message, or in as few more as hold something useful."""
    size = septets if is_gsm7(around + said) else utf16
    rooms = [room - size(around) for room in ROOMS[size]]
    room = next((room for room in rooms if room >= min(USEFUL, size(said))), USEFUL)
    while size(said) > room:
        said = cut(said, min(room, len(said) - 1), "...")
    return said


def one_line(text: str) -> str:
    return " ".join(text.split())


def printable(text: str) -> str:
    """Without controls and half surrogate pairs, which no message can carry."""
    return "".join(each if each.isprintable() else " " for each in text)


# --- by mail


def mail_subject(brief: Brief) -> str:
    """`[CRITICAL] payments: db-1 is down (INC-42)`: the same however the incident stands, so that mails about it thread."""
    summary = cut(one_line(brief.summary), 120, "...")
    return one_line(f"[{brief.severity.upper()}] {brief.service}: {summary} ({brief.short_id})")


def mail_text(brief: Brief) -> str:
    """Everything we know, the reason first, the link before the details."""
    parts = [_headline(brief), brief.summary.strip(), _facts(brief), _details(brief.details), _links(brief.links)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _headline(brief: Brief) -> str:
    nobody = f"\n{NOBODY}" if brief.status is Status.EXHAUSTED else ""
    again = f"\n{AGAIN[brief.again].format(by=one_line(brief.again_by) or 'Somebody')}" if brief.again else ""
    return f"{brief.severity.upper()} on {one_line(brief.service)} ({brief.short_id}, {brief.status}){again}{nobody}"


def _facts(brief: Brief) -> str:
    facts = {
        "Open it": brief.link,
        "Began": f"{brief.opened_at:%Y-%m-%d %H:%M:%S} UTC",
        "Source": one_line(brief.source),
        "Paged": brief.responder,
        "Acknowledged by": brief.acknowledged_by,
        "Next": brief.next,
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value)


def _details(details: Mapping[str, object]) -> str:
    lines = [f"  {one_line(str(key))}: {cut(one_line(str(value)), 500, '...')}" for key, value in list(details.items())[:40]]
    return "\n".join(["Details:", *lines]) if lines else ""


def _links(links: tuple[Link, ...]) -> str:
    return "\n".join(f"{one_line(link.text) + ': ' if link.text else ''}{''.join(link.href.split())}" for link in links[:20])
