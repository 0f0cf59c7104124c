"""Does a number reach the person under whose name it is written? Shown by a code that went there and came back. A code is made of the site's
secret and a nonce each time it is needed, like an HOTP (RFC 4226), so that nothing has to be kept that could be read and typed in; of a
number only its mark is kept. Nothing that pages asks for any of this. Not the words (`verification_words`), not the sending."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from escalation.domain.roster import Channel, ContactMethod, Responder, Roster, masked

DIGITS = 6
LASTS = timedelta(minutes=10)
TRIES = 5
MOST, WITHIN = 5, timedelta(hours=1)  # codes to one number: each costs money, and is a nuisance where the number is a stranger's
_TYPED = re.compile(r"[0-9]{6}", re.ASCII)


class Way(StrEnum):
    SMS = "sms"
    CALL = "call"

    @property
    def channel(self) -> Channel:
        return Channel.SMS if self is Way.SMS else Channel.VOICE


@dataclass(frozen=True, slots=True)
class Number:
    """One of a person's numbers. `name`: as in the configuration, else what it is for. `is_texted`: the
    configuration has texts go there; `has_opted_out`: after a STOP they would be dropped."""

    name: str
    address: str = field(repr=False)
    is_texted: bool
    has_opted_out: bool = False

    def __str__(self) -> str:
        return f"{self.name} {masked(Channel.VOICE, self.address)}"

    @property
    def usual_way(self) -> Way:
        return Way.SMS if self.is_texted and not self.has_opted_out else Way.CALL


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was sent, without its digits. `mark`: of the number it went to. `tries`: wrong ones."""

    id: int
    mark: str
    nonce: str = field(repr=False)
    sent_at: datetime
    tries: int = 0
    is_used: bool = False

    @property
    def tries_left(self) -> int:
        return max(TRIES - self.tries, 0)

    def is_live(self, now: datetime) -> bool:
        return not self.is_used and self.tries_left > 0 and now - self.sent_at < LASTS


@dataclass(frozen=True, slots=True)
class Standing:
    """One number of one person, and whether somebody showed that it is theirs."""

    person: str
    number: Number
    is_verified: bool


def numbers(person: Responder) -> tuple[Number, ...]:
    """Each once, in the order of the configuration."""
    called: dict[str, str] = {}
    for contact in person.contacts:
        if contact.channel is Channel.VOICE:
            called.setdefault(contact.address, contact.name or "phone")
    texted = {c.address: c for c in person.contacts if c.channel is Channel.SMS}
    # A phone's name begins with a letter, so the other spelling is nobody's.
    other = "sms" if "sms" not in called.values() else "(sms)"
    return tuple(_number(called.get(address, other), address, texted.get(address)) for address in {**called, **texted})


def _number(name: str, address: str, texted: ContactMethod | None) -> Number:
    return Number(name, address, texted is not None, bool(texted and texted.blocked))


def mark(secret: str, address: str) -> str:
    """What is kept of a number. Without the secret nobody finds out which one it is, not even by trying them all."""
    return hmac.digest(secret.encode(), f"verified number {address}".encode(), hashlib.sha256).hex()


def digits(secret: str, code: Code) -> str:
    """The code itself: six digits, the same each time it is asked for."""
    digest = hmac.digest(secret.encode(), f"number code {code.nonce} {code.mark}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest[:8], 'big') % 10**DIGITS:0{DIGITS}}"


def typed(text: str) -> str | None:
    """`123 456`, `123-456` -> `123456`; None for what is no code."""
    plain = re.sub(r"[\s-]", "", text)
    return plain if _TYPED.fullmatch(plain) else None


def fitting(secret: str, codes: Iterable[Code], given: str, now: datetime) -> Code | None:
    """Whose code that is, of those that still count."""
    return next((c for c in codes if c.is_live(now) and hmac.compare_digest(digits(secret, c), given)), None)


def newest(codes: Iterable[Code]) -> list[Code]:
    """Of each number the last one sent: it takes the place of those before it."""
    return list({code.mark: code for code in sorted(codes, key=lambda code: code.id)}.values())


def may_send_at(sent: Sequence[datetime], now: datetime) -> datetime | None:
    """When the next code may go to a number to which codes went at these times; None: now."""
    lately = sorted(at for at in sent if now - at < WITHIN)
    return lately[-MOST] + WITHIN if len(lately) >= MOST else None


def standings(secret: str, roster: Roster, verified: Collection[tuple[str, str]]) -> Iterator[Standing]:
    """Of everybody's numbers as they are written now. `verified`: (person, mark)."""
    for handle, person in roster.people.items():
        for number in numbers(person):
            yield Standing(handle, number, (handle, mark(secret, number.address)) in verified)
