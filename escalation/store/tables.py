"""The tables of incidents and of their sending. Columns are named as the fields of the values they hold. Not how rows become values (`mapping`), not the migrations
(`migrations/versions`, which a test compares with this file), not those of people and schedules (`site_tables`)."""

from __future__ import annotations

from pydantic import TypeAdapter
from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Table, Text, text

from escalation.domain.alert import Action, Link, Severity
from escalation.domain.commands import CommandKind
from escalation.domain.incident import AttemptStatus, Outcome, Status, TimerKind
from escalation.domain.joined import Menu
from escalation.domain.policy import Policy, Rung, Site
from escalation.domain.roster import Channel
from escalation.domain.timeline import EntryKind
from escalation.store import site_tables
from escalation.store.types import BIG, Details, JobState, Moment, Money, Shape, Word, Words

metadata = site_tables.metadata  # of all tables, also of those

# Written out, never as parameters: a partial index serves only a query that repeats its condition word for word.
OVER_UNHEARD = text("calls.ended_at IS NOT NULL AND calls.told_at IS NULL")
OPEN = text("incidents.status <> 'resolved'")
CLOSED = text("incidents.status = 'resolved'")
UNDONE = text("outbox.state <> 'done'")
# A nonce of Plivo's older signature, which does not bind the body: kept longer than other identities.
NONCE = text("substr(inbox.identity, 1, 3) = 'v2:'")
NO_NONCE = text("substr(inbox.identity, 1, 3) <> 'v2:'")
UNNUDGED = text("outbox.state = 'pending' AND outbox.nudged_at IS NULL")
NOT_HELD = text("NOT EXISTS (SELECT 1 FROM held)")


def _incident_id(*, primary_key: bool = False) -> Column[int]:
    return Column("incident_id", BIG, ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


incidents = Table(
    "incidents",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("service", Words, nullable=False),
    Column("dedup_key", Words, nullable=False),
    Column("summary", Words, nullable=False),
    Column("severity", Word(Severity), nullable=False),
    Column("policy", Shape(TypeAdapter(Policy)), nullable=False),  # frozen: the policy the incident started with
    Column("opened_at", Moment, nullable=False),
    Column("status", Word(Status), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("source", Words, nullable=False),
    Column("details", Details, nullable=False),
    Column("links", Shape(TypeAdapter(tuple[Link, ...])), nullable=False),
    Column("occurred_at", Moment),
    Column("acknowledged_by", Words, nullable=False),
    Column("alarmed", Shape(TypeAdapter(frozenset[str])), nullable=False),
    sqlite_autoincrement=True,  # a number that was spoken on a phone is never given to another incident
)
Index("incidents_age", incidents.c.status, incidents.c.opened_at)
Index("incidents_one_open", incidents.c.service, incidents.c.dedup_key, unique=True,
      sqlite_where=text("status <> 'resolved'"), postgresql_where=text("status <> 'resolved'"))  # fmt: skip
Index("incidents_open", incidents.c.id,
      sqlite_where=text("status <> 'resolved'"), postgresql_where=text("status <> 'resolved'"))  # fmt: skip

pages = Table(
    "pages",
    metadata,
    _incident_id(primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("responder", Words, nullable=False),
    Column("step", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("ladder", Shape(TypeAdapter(tuple[Rung, ...])), nullable=False),
    Column("rung", Integer, nullable=False),
    Column("closed", Words, nullable=False),
)

calls = Table(  # a phone call that speaks for several incidents; placed by one attempt, and the others are its members
    "calls",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("carrier", Words, nullable=False),
    Column("reference", Words, nullable=False),
    Column("address", Words, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("incident_id", BIG),  # whose attempt placed it: a plain number, the call goes on without that incident
    Column("attempt", Integer),
    Column("outcome", Word(Outcome)),
    Column("reason", Words),
    Column("told_at", Moment),  # every member knows that it is over
    sqlite_autoincrement=True,
)
Index("calls_by", calls.c.incident_id, calls.c.attempt)
Index("calls_untold", calls.c.id, sqlite_where=text("ended_at IS NOT NULL AND told_at IS NULL"),
      postgresql_where=text("ended_at IS NOT NULL AND told_at IS NULL"))  # fmt: skip

menus = Table(  # what each menu of such a call spoke of, before it was spoken: a key acts on that
    "menus",
    metadata,
    Column("call_id", BIG, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("try_", Integer, primary_key=True),
    Column("hop", Integer, primary_key=True),
    Column("menu", Shape(TypeAdapter(Menu)), nullable=False),
    Column("key", String(4), nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    _incident_id(primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("page", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("channel", Word(Channel), nullable=False),
    Column("address", Words, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("status", Word(AttemptStatus), nullable=False),
    Column("try_", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("outcome", Word(Outcome)),
    Column("reason", Words, nullable=False),
    Column("references", Shape(TypeAdapter(dict[int, str])), nullable=False),
    Column("failures", Integer, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("cost", Money, nullable=False),
    Column("began_at", Moment),
    Column("call_id", BIG, ForeignKey("calls.id", ondelete="SET NULL")),
    ForeignKeyConstraint(["incident_id", "page"], ["pages.incident_id", "pages.number"], ondelete="CASCADE"),
)
Index("attempts_phone", attempts.c.address, attempts.c.channel, attempts.c.incident_id)
Index("attempts_call", attempts.c.call_id)

posts = Table(  # Slack messages that may show several incidents
    "posts",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("kind", Words, nullable=False),  # with the address
    Column("reference", Words, nullable=False),
    Column("posted_at", Moment, nullable=False),
    Column("busy_until", Moment),  # somebody is writing it
    Column("given_up", Integer, nullable=False),  # 1: nothing comes into it any more
    sqlite_autoincrement=True,  # a button of one must never mean another
)
Index("posts_open", posts.c.kind, unique=True,
      sqlite_where=text("given_up = 0"), postgresql_where=text("given_up = 0"))  # fmt: skip

shown = Table(  # what stands in them, or is to: without a turn it is not known to
    "shown",
    metadata,
    Column("post_id", BIG, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    # A plain number: a key would ask for the lock of an incident whose holder may be waiting for this message's.
    Column("incident_id", BIG, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("turn", Integer),
)
Index("shown_attempt", shown.c.incident_id, shown.c.attempt)

timers = Table(
    "timers",
    metadata,
    _incident_id(primary_key=True),
    Column("kind", Word(TimerKind), primary_key=True),
    Column("ref", Integer, primary_key=True),
    Column("turn", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
)
Index("timers_due", timers.c.due_at)

entries = Table(
    "entries",
    metadata,
    Column("seq", BIG, primary_key=True, autoincrement=True),
    _incident_id(),
    Column("at", Moment, nullable=False),
    Column("kind", Word(EntryKind), nullable=False),
    Column("text", Words, nullable=False),
    sqlite_autoincrement=True,  # a reader asks for what came after the last number it saw
)
Index("entries_incident", entries.c.incident_id, entries.c.seq)
Index("entries_kind", entries.c.kind, entries.c.at)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    _incident_id(),
    Column("kind", Word(CommandKind), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("try_", Integer, nullable=False),
    Column("not_before", Moment),
    Column("task_id", String(120), nullable=False, unique=True),
    Column("parent_id", Words, nullable=False),
    Column("label", Words, nullable=False),
    Column("urgency", Integer, nullable=False),  # the severity's rank: 0 goes first
    Column("due_at", Moment, nullable=False),
    Column("state", Word(JobState), nullable=False),
    Column("holder", Words, nullable=False),
    Column("lease_until", Moment),
    Column("nudged_at", Moment),
    sqlite_autoincrement=True,
)
Index("outbox_undone", outbox.c.due_at, sqlite_where=text("state <> 'done'"), postgresql_where=text("state <> 'done'"))
Index("outbox_unnudged", outbox.c.urgency, outbox.c.due_at, outbox.c.id,
      sqlite_where=text("state = 'pending' AND nudged_at IS NULL"),
      postgresql_where=text("state = 'pending' AND nudged_at IS NULL"))  # fmt: skip
Index("outbox_incident", outbox.c.incident_id)

alerts = Table(  # every alert that was counted, the one that opened the incident too
    "alerts",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    _incident_id(),
    Column("at", Moment, nullable=False),
    Column("action", Word(Action), nullable=False),
    Column("severity", Word(Severity), nullable=False),
    Column("summary", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("sender", Words, nullable=False),
    Column("occurred_at", Moment),
    Column("details", Details, nullable=False),  # left out when large: the incident keeps the whole of the first
)
Index("alerts_incident", alerts.c.incident_id)

inbox = Table("inbox", metadata, Column("identity", String(200), primary_key=True), Column("seen_at", Moment, nullable=False))
Index("inbox_seen", inbox.c.seen_at, sqlite_where=text("substr(identity, 1, 3) <> 'v2:'"),
      postgresql_where=text("substr(identity, 1, 3) <> 'v2:'"))  # fmt: skip
Index("inbox_nonces", inbox.c.seen_at, sqlite_where=text("substr(identity, 1, 3) = 'v2:'"),
      postgresql_where=text("substr(identity, 1, 3) = 'v2:'"))  # fmt: skip

phones = Table(  # who may be ringing on a number: a redial, or another incident's call, waits for it
    "phones",
    metadata,
    Column("address", Words, primary_key=True),
    _incident_id(),
    Column("attempt", Integer, nullable=False),
    Column("try_", Integer, nullable=False),
    Column("until", Moment, nullable=False),
)
Index("phones_attempt", phones.c.incident_id, phones.c.attempt)

slots = Table(  # when the carrier may be asked for the next call, the next text: one row each
    "slots", metadata, Column("kind", String(32), primary_key=True), Column("next_at", Moment, nullable=False)
)

spending = Table(  # what each day (UTC) has cost so far, and of what percentage `of` which cap somebody was told
    "spending",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("millionths", BIG, nullable=False),
    Column("told", Integer, nullable=False),
    Column("of", BIG, nullable=False),
)

opt_outs = Table(
    "opt_outs",
    metadata,
    Column("channel", Word(Channel), primary_key=True),
    Column("address", Words, primary_key=True),
    Column("reason", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

carriers = Table(  # only those believed down
    "carriers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("down_since", Moment, nullable=False),
    Column("failed_at", Moment, nullable=False),  # the last failure
    Column("answered_at", Moment),  # it says that it is back, and nothing has failed since
    Column("reason", Words, nullable=False),
)


members = Table(  # the troubles of an incident that gathers several
    "members",
    metadata,
    _incident_id(primary_key=True),
    Column("dedup_key", Words, primary_key=True),
    Column("service", Words, nullable=False),
    Column("group_key", Words, nullable=False),
    Column("severity", Word(Severity), nullable=False),
    Column("summary", Words, nullable=False),
    Column("occurred_at", Moment),
    Column("joined_at", Moment, nullable=False),
    Column("resolved_at", Moment),
)
Index("members_key", members.c.service, members.c.dedup_key)
Index("members_group", members.c.service, members.c.incident_id)


sites = Table(
    "sites",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Moment, nullable=False),
    Column("document", Text, nullable=False),
    Column("site", Shape(TypeAdapter(Site)), nullable=False),
)

counters = Table("counters", metadata, Column("name", String(64), primary_key=True), Column("count", BIG, nullable=False))

heartbeats = Table("heartbeats", metadata, Column("process", String(120), primary_key=True), Column("at", Moment, nullable=False))

held = Table(  # while there is a row nothing is sent, nothing fires: a restored site waits for somebody to look
    "held", metadata, Column("why", String(120), primary_key=True), Column("since", Moment, nullable=False)
)

schema_revisions = (
    Table(  # what each applied revision did to programs one release older; they read it, so its shape stays for ever
        "schema_revisions",
        metadata,
        Column("revision", String(32), primary_key=True),
        Column("kind", String(16), nullable=False),  # expand or contract
    )
)
