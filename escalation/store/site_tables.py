"""The tables of what a site keeps about people and its schedules, beside incidents. Not those of incidents (`tables`)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import TypeAdapter
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, text

from escalation.domain.maintenance import Scope
from escalation.domain.roster import Channel
from escalation.domain.verification import Way
from escalation.store.types import BIG, JobState, Moment, Shape, Word, Words

metadata = MetaData()


class ArrangementKind(StrEnum):
    OVERRIDE = "override"
    ABSENCE = "absence"


UNTOLD = text("announcements.state <> 'done'")

arrangements = Table(  # overrides and absences; what was taken back stays until it is long over
    "arrangements",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("kind", Word(ArrangementKind), nullable=False),
    Column("schedule", Words, nullable=False),  # empty: an absence is one in all of them
    Column("person", Words),  # nobody: an empty slot
    Column("instead_of", Words),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("made_by", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("removed_by", Words, nullable=False, default=""),
    Column("removed_at", Moment),
    sqlite_autoincrement=True,  # of two that speak of the same the higher id holds
)
Index("arrangements_end", arrangements.c.ends_at)

calendars = Table(  # how often the address of a calendar was renewed; most never were, and have no row
    "calendars",
    metadata,
    Column("owner", Words, primary_key=True),  # a target: a person's handle, or `schedule:` and its name
    Column("edition", Integer, nullable=False),
    Column("renewed_by", Words, nullable=False),
    Column("renewed_at", Moment, nullable=False),
)

announcements = Table(  # what is told beside incidents, each once; `reason` says what became of it
    "announcements",
    metadata,
    Column("identity", String(120), primary_key=True),
    Column("to", Words, nullable=False),
    Column("channel", Word(Channel), nullable=False),
    Column("subject", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("until", Moment, nullable=False),
    Column("schedule", Words, nullable=False),  # empty: it is about nobody's shift
    Column("starts_at", Moment),
    Column("state", Word(JobState), nullable=False),
    Column("reason", Words, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),  # of a claimed one: when whoever holds it is given up
)
Index("announcements_undone", announcements.c.due_at,
      sqlite_where=text("state <> 'done'"), postgresql_where=text("state <> 'done'"))  # fmt: skip
Index("announcements_until", announcements.c.until)

gaps = Table(  # of schedules, that were told to those who fill them
    "gaps",
    metadata,
    Column("schedule", Words, primary_key=True),
    Column("starts_at", Moment, primary_key=True),
    Column("ends_at", Moment, primary_key=True),
    Column("told_at", Moment, nullable=False),
)

maintenance = Table(  # windows that people planned; what was ended early stays until it is long over
    "maintenance",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("scope", Shape(TypeAdapter(Scope)), nullable=False),
    Column("reason", Words, nullable=False),
    Column("stops", Integer, nullable=False),  # 1: also what is being paged when it begins
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("made_by", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("ended_by", Words, nullable=False, default=""),
    Column("ended_at", Moment),
    sqlite_autoincrement=True,
)
Index("maintenance_end", maintenance.c.ends_at)

reach = Table(  # the last call before a shift, of each person who asked for one
    "reach",
    metadata,
    Column("person", Words, primary_key=True),
    Column("shift_at", Moment, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("answered", Integer),  # 1, 0, or not known yet
    Column("heard_at", Moment),
)

verifications = (
    Table(  # codes that were sent to people's numbers; of a number only a keyed mark, of a code only what it is made from
        "verifications",
        metadata,
        Column("id", BIG, primary_key=True, autoincrement=True),
        Column("person", Words, nullable=False),
        Column("mark", String(64), nullable=False),
        Column("way", Word(Way), nullable=False),
        Column("nonce", String(32), nullable=False),
        Column("sent_at", Moment, nullable=False),
        Column("sent_by", Words, nullable=False),
        Column("tries", Integer, nullable=False),  # wrong ones
        Column("verified_at", Moment),
        Column("verified_by", Words),
        sqlite_autoincrement=True,  # a call's address names its code
    )
)
Index("verifications_mark", verifications.c.mark, verifications.c.sent_at)
