"""Hands pages to a mail server (smtplib). A server that took the mail is acceptance; that somebody reads it is not known and
never assumed. Not the message itself (`message`)."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING

from escalation.carriers.email.message import compose, plain
from escalation.carriers.email.server import Server
from escalation.deadline import DEADLINE, within
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.ports import Clock, Notice

if TYPE_CHECKING:  # typing_extensions comes with mypy, not with us
    from typing_extensions import Buffer


@dataclass(slots=True)
class _Line:
    """How far one delivery has come: from the moment DATA may have been spoken, silence is no refusal."""

    let_in: bool = False
    data_began: bool = False
    given_up: bool = False


class _Smtp(smtplib.SMTP):
    line = _Line()

    def data(self, msg: Buffer | str) -> tuple[int, bytes]:
        # Written in this order, and read in the other by whoever gives up: one of the two always sees the other, so a delivery
        # that was reported as never made is not made behind our back.
        self.line.data_began = True
        if self.line.given_up:
            raise smtplib.SMTPServerDisconnected("given up")
        return super().data(msg)


class _SmtpTls(_Smtp, smtplib.SMTP_SSL):
    pass


class EmailClient:
    """The `Carrier` for mail. Its reference is the Message-ID."""

    name = "email"
    channels = frozenset({Channel.EMAIL})

    def __init__(self, smtp_url: str, mail_from: str, clock: Clock, deadline: float = DEADLINE) -> None:
        """Raises `BadSettings` when the URL is none. An empty `mail_from` becomes the login, if that is an address."""
        self._deadline = deadline
        self._server = Server.from_url(smtp_url)
        login = self._server.user
        self._sender = mail_from or (login if "@" in login else f"escalation@{self._server.host}")
        self._clock = clock

    def send(self, notice: Notice) -> str:
        return self._post(compose(notice, self._sender, self._clock.now()))

    def tell(self, address: str, subject: str, text: str, identity: str) -> None:
        self._post(plain(address, subject, text, identity, self._sender, self._clock.now()))

    def _post(self, mail: EmailMessage) -> str:
        line = _Line()
        try:
            within(self._deadline, lambda: self._deliver(mail, line))
        except smtplib.SMTPException as error:
            raise _refusal(error, line) from None
        except (OSError, ValueError) as error:
            raise _broken(line, type(error).__name__) from None
        return str(mail["Message-ID"])

    def alive(self) -> bool:
        """Whether the server lets us in: connection, TLS and login, then nothing sent."""
        try:
            within(self._deadline, lambda: self._connected(_Line()).close())
        except (smtplib.SMTPException, OSError, ValueError):
            return False
        return True

    def _deliver(self, mail: EmailMessage, line: _Line) -> None:
        with contextlib.closing(self._connected(line)) as smtp:
            smtp.send_message(mail)
            # The mail is accepted: a QUIT that fails or hangs must not make it look refused.
            with contextlib.suppress(OSError):
                smtp.quit()

    def _connected(self, line: _Line) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        if server.tls:
            smtp: _Smtp = _SmtpTls(server.host, server.port, timeout=DEADLINE, context=context)
        else:
            smtp = _Smtp(server.host, server.port, timeout=DEADLINE)
        smtp.line = line
        try:
            self._introduce(smtp, context)
        except BaseException:
            smtp.close()
            raise
        line.let_in = True
        return smtp

    def _introduce(self, smtp: smtplib.SMTP, context: ssl.SSLContext) -> None:
        if self._server.starttls:
            smtp.starttls(context=context)
        if self._server.user:
            smtp.login(self._server.user, self._server.password)


def _refusal(error: smtplib.SMTPException, line: _Line) -> CarrierError:
    """What the server's words mean. Its text is dropped: it quotes the address."""
    match error:
        case smtplib.SMTPServerDisconnected():
            return _broken(line, "disconnected")
        case smtplib.SMTPRecipientsRefused():
            return _refused(max(code for code, _ in error.recipients.values()), Verdict.PERMANENT, "the address was refused")
        case smtplib.SMTPDataError():
            return _refused(error.smtp_code, Verdict.PERMANENT, "the mail was refused")
        case smtplib.SMTPResponseException():
            return _refused(error.smtp_code, Verdict.CREDENTIALS, "the server refuses us")
        case _ if line.let_in:
            return CarrierError(Verdict.PERMANENT, "e-mail: the server cannot write to such an address")
        case _:
            return CarrierError(Verdict.CREDENTIALS, "e-mail: the server does not offer what SMTP_URL asks for")


def _refused(code: int, verdict: Verdict, what: str) -> CarrierError:
    """4xx is "later" by the standard, whatever it was said to."""
    return CarrierError(verdict if code >= 500 else Verdict.RETRY, f"e-mail: {what} (SMTP {code})")


def _broken(line: _Line, how: str) -> CarrierError:
    """No refusal was heard: before DATA nothing can have been accepted, after it nobody knows."""
    line.given_up = True
    if line.data_began:
        return CarrierError(Verdict.UNKNOWN, f"e-mail: no answer to the mail ({how})")
    return CarrierError(Verdict.RETRY, f"e-mail: no connection ({how})", outage=True)
