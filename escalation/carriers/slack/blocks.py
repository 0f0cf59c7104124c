"""A brief as a Slack message: the text of its notification and its blocks. Pure. Not the request, and not the words that
other channels use."""

from __future__ import annotations

import re
from collections.abc import Sequence

from escalation.domain.incident import Status
from escalation.domain.wording import Brief

Block = dict[str, object]

EMOJI = {
    Status.TRIGGERED: "🔴",
    Status.EXHAUSTED: "🆘",
    Status.ACKNOWLEDGED: "🟡",
    Status.SNOOZED: "💤",
    Status.RESOLVED: "✅",
}
# Slack refuses the whole message when one section is over 3,000 characters, and it may count an emoji as two.
HEADLINE, SUMMARY, DETAILS, LINE, LINKS = 200, 1000, 1300, 300, 10
_UNUSABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_CHAT_ID = re.compile(r"[UW][A-Z0-9]{1,20}")
_STYLE = {"acknowledge": "primary", "resolve": "danger"}
# A slip of the thumb must not wake the next person or end the paging; acknowledging is one tap.
_SURE = {"escalate": "Page the next person now?", "resolve": "Is it over? Nobody will be paged any more."}


def text(brief: Brief) -> str:
    """What the notification on a locked screen says: one line."""
    summary = escaped(" ".join(brief.summary.split()), HEADLINE)
    return f"{headline(brief)}: {summary}"


def headline(brief: Brief) -> str:
    """`🔴 CRITICAL payments (INC-42)`."""
    return f"{EMOJI[brief.status]} {brief.severity.upper()} {escaped(brief.service, HEADLINE)} ({brief.short_id})"


def blocks(brief: Brief) -> list[Block]:
    """At most nine blocks, each within Slack's limits whatever the alert said."""
    parts = [f"*{headline(brief)}*\n{escaped(brief.summary, SUMMARY)}", calling(brief), _details(brief), _links(brief)]
    sections: list[Block] = [{"type": "section", "text": _mrkdwn(p)} for p in parts if p]
    line: Block = {"type": "context", "elements": [_mrkdwn(status_line(brief))]}
    buttons: Block = {"type": "actions", "elements": _buttons(brief)}
    return [*sections, line, buttons] if buttons["elements"] else [*sections, line]


def calling(brief: Brief) -> str:
    """Mentions of whoever is being paged, while somebody is: an edit must not ring people who may sleep again."""
    return mentioned(brief.mentions) if brief.status is Status.TRIGGERED else ""


def mentioned(chat_ids: Sequence[str]) -> str:
    """Nothing but ids is let through."""
    return " ".join([f"<@{m}>" for m in chat_ids if _CHAT_ID.fullmatch(m)][:50])


def status_line(brief: Brief) -> str:
    match brief.status:
        case Status.ACKNOWLEDGED:
            said = f"acknowledged by {escaped(brief.acknowledged_by, LINE)}" if brief.acknowledged_by else "acknowledged"
        case Status.EXHAUSTED:
            said = "*nobody answered*: everybody on the policy was tried"
        case status:
            said = status.value
    then = f"next: {escaped(brief.next, LINE)}" if brief.next and brief.status is not Status.RESOLVED else ""
    return " · ".join(s for s in (said, then, f"opened {brief.opened_at:%Y-%m-%d %H:%M} UTC") if s)


def escaped(said: str, limit: int) -> str:
    """Slack's three escapes, so that no alert can mention a channel or forge a link; cut without splitting an escape."""
    clean = _UNUSABLE.sub(" ", said).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(clean) <= limit:
        return clean
    cut = clean[: limit - 1]
    half = cut.rfind("&")
    return (cut[:half] if half > cut.rfind(";") else cut) + "…"


def _details(brief: Brief) -> str:
    source = [f"*source:* {escaped(brief.source, LINE)}"] if brief.source else []
    lines = source + [f"*{escaped(str(k), LINE)}:* {escaped(str(v), LINE)}" for k, v in list(brief.details.items())[:20]]
    return _bounded(lines, DETAILS)


def _links(brief: Brief) -> str:
    usable = [link for link in brief.links if link.href.lower().startswith(("http://", "https://"))]
    return _bounded([_link(link.href, link.text or link.href) for link in usable[:LINKS] if len(link.href) <= 1000], 2900)


def _link(href: str, name: str) -> str:
    # "|" and line ends would end the address inside the brackets.
    address = "".join(href.split()).replace("|", "%7C")
    return f"<{escaped(address, 1200)}|{escaped(' '.join(name.split()), 100)}>"


def _bounded(lines: Sequence[str], limit: int) -> str:
    """Whole lines only: half a link or half an escape would be shown as rubbish."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) + 2 > limit:
            return "\n".join([*kept, "…"])
        kept.append(line)
    return "\n".join(kept)


def _buttons(brief: Brief) -> list[Block]:
    offered = {
        Status.RESOLVED: (),
        Status.ACKNOWLEDGED: ("escalate", "resolve"),
    }.get(brief.status, ("acknowledge", "escalate", "resolve"))
    return [_button(brief, action) for action in offered] + _page(brief)


def _button(brief: Brief, action: str) -> Block:
    button: Block = {
        "type": "button",
        "action_id": action,
        "value": f"{brief.incident_id}:{brief.turn}",
        "text": _plain(action.capitalize()),
    }
    if action in _STYLE:
        button["style"] = _STYLE[action]
    if action in _SURE:
        question: Block = {"title": _plain(brief.short_id), "text": _plain(_SURE[action])}
        button["confirm"] = question | {"confirm": _plain(action.capitalize()), "deny": _plain("No")}
    return button


def _page(brief: Brief) -> list[Block]:
    if not brief.link or len(brief.link) > 3000:
        return []
    return [{"type": "button", "action_id": "open", "url": brief.link, "text": _plain("Open")}]


def _plain(said: str) -> Block:
    return {"type": "plain_text", "text": said}


def _mrkdwn(said: str) -> Block:
    return {"type": "mrkdwn", "text": said}
