"""What a person says back, by key, text or button, turned into events for the engine, and what the person is told then. It knows
who is speaking and which page they mean; what follows from it the machine decides. Not the XML, the SMS or the Slack message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from escalation.domain.events import Acknowledged, Declined, Escalated, Resolved
from escalation.domain.incident import LAST_RESORT, Incident, Status, Via
from escalation.domain.joined import Part
from escalation.domain.links import reply_code, reply_code_for_all
from escalation.domain.replies import UNKNOWN, Reply, ReplyAction, parse
from escalation.domain.roster import Channel, Roster, masked
from escalation.domain.storm_words import Came, acknowledged
from escalation.domain.timeline import Entry, EntryKind
from escalation.engine import Engine, Told
from escalation.errors import NotFound, StoreUnavailable
from escalation.ports import Patience, Store, Transaction


class Kind(StrEnum):
    """What came of it. Only ACKNOWLEDGED means that whoever spoke has the incident now."""

    ACKNOWLEDGED = "acknowledged"
    ALREADY = "already"  # somebody else (`who`) was first
    RESOLVED = "resolved"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"  # `who` is paged now, nobody when the policy is used up
    DECLINED = "declined"
    STALE = "stale"  # the step had moved on: nobody was skipped
    REPEAT = "repeat"
    WRONG = "wrong"  # a key or button that means nothing
    STRANGER = "stranger"  # a chat user who is nobody's `chat`
    UNKNOWN = "unknown"  # no such incident or attempt


@dataclass(frozen=True, slots=True)
class Said:
    """`incident` as it stands after the commit; None when nothing was asked of the database."""

    kind: Kind
    incident: Incident | None = None
    who: str = ""


class Responses:
    """Everything here is impatient: it raises `StoreUnavailable` rather than keep a caller waiting, and then changed nothing."""

    def __init__(self, engine: Engine, store: Store, secret_key: str) -> None:
        self._engine = engine
        self._store = store
        self._secret = secret_key

    def key(self, name: tuple[int, int, int], digit: str, identity: str = "") -> Said:
        """A key pressed in the menu of a call. `name` is (incident id, attempt, try)."""
        if digit == "9":
            return Said(Kind.REPEAT)
        made = KEYS.get(digit)
        return self._speak(name[0], name[1], made, Via.PHONE, identity, name[2]) if made else Said(Kind.WRONG)

    def button(self, incident_id: int, action: str, chat_user: str, identity: str = "", turn: int = 0) -> Said:
        """A button of a Slack message, pressed by a chat user. `turn` is the incident's when the message was written: two who
        escalate in the same second skip nobody."""
        made = PRESSING.get(action)

        def said(_: Incident, roster: Roster) -> Spoken | None:
            handle = chat_handle(roster, chat_user)
            return made(handle, turn) if made and handle else None

        return self._tell(incident_id, said, identity, otherwise=Kind.STRANGER if made else Kind.WRONG)

    def button_for_all(self, post: int, last: int, chat_user: str, identity: str = "") -> str:
        """The button of a Slack message that shows several: those up to that line that nobody has. Returns the words to answer with."""
        with self._store.transaction(patience=Patience.CALLER) as tx:
            handle = chat_handle(tx.site().roster, chat_user)
            meant = [line.incident_id for line in tx.lines(post) if line.place <= last and line.is_wanted]
        if handle is None:
            return sentence(Said(Kind.STRANGER))

        def take(number: int) -> Kind | None:
            return self._mine_now(lambda: self.button(number, "acknowledge", chat_user, _of(identity, number)))

        return _counted([take(number) for number in meant]) if meant else NONE_LEFT

    def text(self, sender: str, body: str, identity: str = "", *, trusted: bool, wish: ReplyAction | None = None) -> str | None:
        """A text message from a phone (E.164). Returns the words to answer with, None for silence. `trusted`: that it came
        from there is confirmed; without that nothing changes. `wish` is what the carrier took it for and acts on (STOP, START),
        whatever we would."""
        if not trusted:
            return None
        reply = Reply(wish) if wish else parse(body)
        if reply.action in OPTING:
            answer = self._opt(sender, reply.action is ReplyAction.STOP, identity, is_sure=wish is not None)
            if answer != NO_START:
                return answer
            reply = UNKNOWN
        return self._answer(sender, reply, identity, worth_help=len(body.strip()) <= LONGEST_SLIP)

    def _answer(self, sender: str, reply: Reply, identity: str, *, worth_help: bool) -> str | None:
        with self._store.transaction(patience=Patience.CALLER) as tx:
            pages, is_ours = tx.text_pages(sender), _is_ours(tx, sender)
            several = tx.texts_of_several(sender, tx.now - CODE_LASTS)
        if not is_ours:
            return None
        made = REPLYING.get(reply.action)
        if made is None:
            return HELP if pages and worth_help else None
        meant = self._meant(pages, reply.code)
        if not meant and (members := self._all_of(several, reply.code)):
            return self._take_all(members, identity) if reply.action is ReplyAction.ACKNOWLEDGE else ONE_OF_THEM
        if len({incident.id for incident, _ in meant}) != 1:
            return self._which(meant, several) if meant else NO_PAGE
        incident, attempt = meant[-1]
        return sentence(self._speak(incident.id, attempt, made, Via.SMS, identity))

    def _meant(self, pages: list[tuple[Incident, int]], code: str) -> list[tuple[Incident, int]]:
        """By the page's code; without one the pages still open, and when all were closed (the step moved on) those: a late 1
        still acknowledges, as long as it can only mean one incident."""
        if code:
            return [(i, a) for i, a in pages if self._code(i, a) == code]
        return [(i, a) for i, a in pages if not i.page_of(i.attempts[a - 1]).closed] or pages

    def _which(self, meant: list[tuple[Incident, int]], several: Texts) -> str:
        """Those that one text told of were given its code, and no other."""
        newest = [f"all {len(said)} of the last text: 1 {self._code_for_all(host)}" for host, said in several[:1] if self._secret]
        named = [f"{i.short_id} {i.service}: 1 {self._code(i, a)}" for i, a in meant[:3]]
        return "You have several open pages. Reply with the code of the one you mean. " + ", ".join([*newest, *named])

    def _all_of(self, several: Texts, code: str) -> list[Part]:
        """Whom the text named whose code that is, with whatever it named when it was tried before."""
        named = [said for host, said in several if self._secret and code and self._code_for_all(host) == code]
        return list(dict.fromkeys(member for said in named for member in said))

    def _take_all(self, members: list[Part], identity: str) -> str:
        """A transaction for each; only what was committed is said."""

        def take(member: Part) -> Kind | None:
            return self._mine_now(lambda: self._speak(*member, Acknowledged, Via.SMS, _of(identity, member[0])))

        return _counted([take(member) for member in members])

    @staticmethod
    def _mine_now(say: Callable[[], Said]) -> Kind | None:
        """None where it could not be saved: the others are, or not, by themselves."""
        try:
            return say().kind
        except StoreUnavailable:
            return None

    def _code_for_all(self, host: Part) -> str:
        return reply_code_for_all(self._secret, *host)

    def _code(self, incident: Incident, attempt: int) -> str:
        return reply_code(self._secret, incident.id, incident.attempts[attempt - 1].page) if self._secret else ""

    def _opt(self, sender: str, out: bool, identity: str, *, is_sure: bool) -> str | None:
        """STOP and START. Loud: whoever is paged and cannot be reached by text any more is the team's business. The words for
        START are also what people answer (yes, go): to us they mean it only from somebody who had opted out."""
        with self._store.transaction(patience=Patience.CALLER) as tx:
            if not _is_ours(tx, sender) or (identity and not tx.first_seen(identity)):
                return None
            if out:
                tx.block(Channel.SMS, sender, "opted out (texted STOP)")
            elif not tx.unblock(Channel.SMS, sender) and not is_sure:
                return NO_START
            tx.bump("opted_out" if out else "opted_in")
            note = _opting(tx, sender, out)
            for incident_id in {incident.id for incident, _ in tx.text_pages(sender)}:
                tx.note(incident_id, [note])
        # After STOP the carrier sends its own confirmation and lets nothing of ours through.
        return None if out else "You get pages by text again."

    def _speak(self, incident_id: int, number: int, made: Saying, via: Via, identity: str, try_: int = 0) -> Said:
        """Whoever holds the phone is whoever that attempt was for."""

        def said(incident: Incident, _: Roster) -> Spoken | None:
            attempt = incident.attempt(number)
            event = made(incident.page_of(attempt).responder, via, number) if attempt else None
            return replace(event, try_=try_) if isinstance(event, Acknowledged) else event

        return self._tell(incident_id, said, identity, otherwise=Kind.UNKNOWN)

    def _tell(self, incident_id: int, said: Callable[[Incident, Roster], Spoken | None], identity: str, otherwise: Kind) -> Said:
        """One transaction: a caller waits on the line, and two would wait for the lock twice."""
        try:
            told = self._engine.tell(incident_id, said, identity, patience=Patience.CALLER)
        except NotFound:
            return Said(Kind.UNKNOWN)
        return Said(otherwise, told.incident) if told.event is None else outcome(told)


def outcome(told: Told) -> Said:
    """What to answer after the commit. A delivery that was seen before is answered by the incident as it stands now."""
    incident, roster = told.incident, told.roster
    moved = not told.fresh or told.moved
    wanted = incident.status in (Status.TRIGGERED, Status.EXHAUSTED)
    match told.event:
        case Escalated() if moved and wanted:
            return Said(Kind.ESCALATED, incident, being_paged(incident, roster))
        case Declined(attempt=number) if wanted and _declined(incident, number):
            return Said(Kind.DECLINED, incident, being_paged(incident, roster))
        case Acknowledged(by=by) | Declined(by=by) | Escalated(by=by) | Resolved(by=by):
            return standing(incident, by, roster)
        case _:
            return Said(Kind.UNKNOWN, incident)


def _of(identity: str, incident_id: int) -> str:
    return f"{identity}:{incident_id}" if identity else ""


def _counted(kinds: list[Kind | None]) -> str:
    mine, unsaved = kinds.count(Kind.ACKNOWLEDGED), kinds.count(None)
    return " ".join(acknowledged(Came(mine, len(kinds) - mine - unsaved, unsaved)))


def chat_handle(roster: Roster, chat_user: str) -> str | None:
    return next((h for h, p in roster.people.items() if chat_user and p.chat == chat_user), None)


def standing(incident: Incident, handle: str, roster: Roster) -> Said:
    """How the incident stands, as said to one person."""
    match incident.status:
        case Status.RESOLVED:
            return Said(Kind.RESOLVED, incident)
        case Status.SNOOZED:
            return Said(Kind.SNOOZED, incident)
        case Status.ACKNOWLEDGED if incident.acknowledged_by == handle:
            return Said(Kind.ACKNOWLEDGED, incident, roster.name(handle))
        case Status.ACKNOWLEDGED:
            return Said(Kind.ALREADY, incident, called(incident.acknowledged_by, roster))
        case _:
            return Said(Kind.STALE, incident, being_paged(incident, roster))


def being_paged(incident: Incident, roster: Roster) -> str:
    """Names of whoever this turn of the policy pages, empty when it is used up."""
    now = [p for p in incident.pages if p.turn == incident.turn and not p.closed and p.step != LAST_RESORT]
    return ", ".join(dict.fromkeys(called(p.responder, roster) for p in now))


def called(handle: str, roster: Roster) -> str:
    """A person's name; a place in words that can be spoken, without its address."""
    found = roster.responder(handle)
    return SPOKEN_PLACES[found.contacts[0].channel] if found and found.is_place else roster.name(handle)


def sentence(said: Said, name: str = "") -> str:
    """One plain sentence for a phone, a text or a chat (GSM-7). `name` is what to call the incident, else its short id."""
    name = name or (said.incident.short_id if said.incident else "This incident")
    match said.kind:
        case Kind.ACKNOWLEDGED:
            return f"{name} acknowledged. It is yours, thank you."
        case Kind.ALREADY:
            return f"{_begun(said.who) or 'Somebody else'} already acknowledged {name}."
        case Kind.ESCALATED if said.who:
            return f"{name} escalated. Now paging {said.who}."
        case Kind.ESCALATED:
            return f"{name} escalated. That was the last step: nobody is left to page."
        case Kind.DECLINED:
            return f"{name} declined." + (f" Now paging {said.who}." if said.who else " Nobody else is left to page.")
        case kind:
            return SENTENCES[kind].format(name=name)


SENTENCES: Mapping[Kind, str] = {
    Kind.RESOLVED: "{name} is resolved. There is nothing left to do.",
    Kind.SNOOZED: "{name} is snoozed.",
    Kind.STALE: "Paging of {name} has moved on meanwhile: nobody was skipped.",
    Kind.REPEAT: "",
    Kind.WRONG: "That means nothing here.",
    Kind.STRANGER: "You are not known to this pager, so nothing was changed. Ask for your chat id to be added.",
    Kind.UNKNOWN: "There is no such incident.",
}
SPOKEN_PLACES: Mapping[Channel, str] = {
    Channel.SLACK: "Slack",
    Channel.EMAIL: "the team's mailbox",
    Channel.WEBHOOK: "the team's webhook",
}
HELP = "Reply 1 to acknowledge, 2 to escalate, 3 to decline, each followed by the page's code."
ONE_OF_THEM = "That text told of several: escalate or decline one of them by its page, or by the phone."
CODE_LASTS = timedelta(hours=24)
NO_START = ""  # not meant so: another answer has to be found
NO_PAGE = "There is no open page of yours that this could mean."
NONE_LEFT = "All of them are somebody's or over already."
# Longer than a slip of the thumb is somebody's automatic reply: answering that begins an endless conversation.
LONGEST_SLIP = 20

Texts = list[tuple[Part, list[Part]]]
Spoken = Acknowledged | Declined | Escalated | Resolved
Saying = Callable[[str, Via, int], Spoken]

KEYS: Mapping[str, Saying] = {"1": Acknowledged, "2": Escalated, "3": Declined}
REPLYING: Mapping[ReplyAction, Saying] = {
    ReplyAction.ACKNOWLEDGE: KEYS["1"],
    ReplyAction.ESCALATE: KEYS["2"],
    ReplyAction.DECLINE: KEYS["3"],
}
PRESSING: Mapping[str, Callable[[str, int], Spoken]] = {
    "acknowledge": lambda by, _: Acknowledged(by, Via.SLACK),
    "escalate": lambda by, turn: Escalated(by, Via.SLACK, turn=turn),
    "resolve": lambda by, _: Resolved(by, Via.SLACK),
}
OPTING = (ReplyAction.STOP, ReplyAction.START)


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _declined(incident: Incident, number: int) -> bool:
    attempt = incident.attempt(number)
    return attempt is not None and incident.page_of(attempt).closed == "declined"


def _is_ours(tx: Transaction, sender: str) -> bool:
    """Whether somebody we page has that number. To others we say nothing: every answer costs, and anybody can write to us."""
    people = tx.site().roster.people.values()
    return any(c.address == sender for p in people for c in p.contacts) or bool(tx.text_pages(sender))


def _opting(tx: Transaction, sender: str, out: bool) -> Entry:
    people = tx.site().roster.people.values()
    who = ", ".join(p.name for p in people if any(c.channel is Channel.SMS and c.address == sender for c in p.contacts))
    name = who or masked(Channel.SMS, sender)
    if out:
        return Entry(tx.now, EntryKind.ALARM, f"{name} opted out of texts (STOP): unreachable by SMS until START.")
    return Entry(tx.now, EntryKind.NOTE, f"{name} takes texts again (START).")
