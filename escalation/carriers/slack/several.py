"""Several incidents as one Slack message. Pure. Not what one looks like (`blocks`), and not which there are (the domain's `shown`)."""

from __future__ import annotations

from escalation.carriers.slack.blocks import EMOJI, HEADLINE, Block, escaped, mentioned
from escalation.domain.incident import Status
from escalation.domain.shown import Line
from escalation.domain.wording import Brief

NAMED = 20  # each in a block of its own, of which Slack takes fifty; the others are counted
SUMMARY, NAME = 300, 80


def text(brief: Brief) -> str:
    """What the notification on a locked screen says: how many, and the worst."""
    worst = brief.shown[0]
    summary = escaped(" ".join(worst.summary.split()), HEADLINE)
    return f"{_count(brief)}. {worst.severity.upper()} {escaped(worst.service, NAME)} ({worst.short_id}): {summary}"


def blocks(brief: Brief) -> list[Block]:
    """The worst that nobody has comes first, each with its own button; one button for all at the end."""
    rest = len(brief.shown) - NAMED
    more: list[Block] = [_context(f"and {rest} more")] if rest > 0 else []
    head = "\n".join(part for part in (f"*{_count(brief)}*", mentioned(brief.mentions)) if part)
    return [_section(head), *(_line(line) for line in brief.shown[:NAMED]), *more, *_button(brief)]


def _count(brief: Brief) -> str:
    wanted = sum(line.is_wanted for line in brief.shown)
    if not wanted:
        return f"{EMOJI[Status.ACKNOWLEDGED]} {len(brief.shown)} incidents, all of them somebody's or over"
    which = "any" if wanted == len(brief.shown) else f"{wanted}"
    worst = Status.EXHAUSTED if any(line.status is Status.EXHAUSTED for line in brief.shown) else Status.TRIGGERED
    return f"{EMOJI[worst]} {len(brief.shown)} incidents, nobody has {which} of them"


def _line(line: Line) -> Block:
    name = f"<{line.link}|{line.short_id}>" if line.link else line.short_id
    head = f"{EMOJI[line.status]} *{line.severity.upper()} {escaped(line.service, NAME)}* ({name})"
    shown = _section(f"{head}{_state(line)}\n{escaped(' '.join(line.summary.split()), SUMMARY)}")
    return shown | {"accessory": _acknowledge(line)} if line.is_wanted else shown


def _state(line: Line) -> str:
    if line.status is Status.TRIGGERED:
        return ""
    by = f" by {escaped(line.acknowledged_by, NAME)}" if line.acknowledged_by else ""
    return " · *nobody answered*" if line.status is Status.EXHAUSTED else f" · {line.status.value}{by}"


def _acknowledge(line: Line) -> Block:
    label: Block = {"type": "plain_text", "text": "Acknowledge"}
    return {"type": "button", "action_id": "acknowledge", "value": f"{line.incident_id}:{line.turn}", "text": label}


def _button(brief: Brief) -> list[Block]:
    wanted = sum(line.is_wanted for line in brief.shown)
    if wanted < 2:
        return []
    label: Block = {"type": "plain_text", "text": f"Acknowledge all {wanted} shown"}
    button: Block = {"type": "button", "action_id": "acknowledge_all", "value": brief.post, "style": "primary", "text": label}
    return [{"type": "actions", "elements": [button]}]


def _section(said: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": said}}


def _context(said: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": said}]}
