"""Every e-mail the product sent, kept and never forwarded, and a stand-in for `smtplib.SMTP` for tests that have no socket.
The real listener is `smtp.py`."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from escalation.sandbox.world import World


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    at: float

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain", "html"))
        return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""

    def as_json(self) -> dict[str, object]:
        return {"at": self.at, "from": self.sender, "to": list(self.recipients), "subject": self.subject,
                "text": self.text}  # fmt: skip


class Mailbox:
    """`world.mailbox`: a list of `Mail` that takes mail in; a fault `on="Mail"` refuses it with a 451."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._mails: list[Mail] = []

    def __iter__(self) -> Iterator[Mail]:
        return iter(self._mails)

    def __len__(self) -> int:
        return len(self._mails)

    def __getitem__(self, index: int) -> Mail:
        return self._mails[index]

    def refuses(self) -> bool:
        fault = self._world.faults.take(frozenset({"status", "down", "timeout"}), "Mail")
        return fault is not None

    def receive(self, sender: str, recipients: Sequence[str], raw: bytes) -> Mail:
        mail = Mail(sender, tuple(recipients), raw, self._world.now())
        self._mails.append(mail)
        self._world.note("mail.received", sender=sender, to=list(recipients), subject=mail.subject)
        return mail


class PretendSMTP:
    """Takes what a mail client would hand to `smtplib.SMTP`; give it to the client in its place."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> PretendSMTP:
        return self

    def __exit__(self, *exc: object) -> None:
        self.quit()

    def ehlo(self) -> None: ...

    def starttls(self, **_: object) -> None: ...

    def login(self, user: str, password: str) -> None: ...

    def quit(self) -> None: ...

    def sendmail(self, from_addr: str, to_addrs: str | Sequence[str], msg: bytes | str) -> dict[str, object]:
        if self._world.mailbox.refuses():
            raise smtplib.SMTPResponseException(451, b"try again later")
        recipients = [to_addrs] if isinstance(to_addrs, str) else list(to_addrs)
        self._world.mailbox.receive(from_addr, recipients, msg.encode() if isinstance(msg, str) else msg)
        return {}

    def send_message(
        self, msg: Message, from_addr: str | None = None, to_addrs: str | Sequence[str] | None = None
    ) -> dict[str, object]:
        recipients = to_addrs or [address.strip() for address in str(msg["To"]).split(",")]
        return self.sendmail(from_addr or str(msg["From"]), recipients, bytes(msg))
