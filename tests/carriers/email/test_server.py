"""SMTP_URL taken apart."""

from __future__ import annotations

import pytest

from escalation.carriers.email.server import Server
from escalation.errors import BadSettings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", Server("mail.example", 25)),
        ("smtp://mail.example:2525", Server("mail.example", 2525)),
        ("smtps://ann:s%40cret@mail.example", Server("mail.example", 465, tls=True, user="ann", password="s@cret")),
        ("smtp://a%40b.c:x@mail.example?starttls", Server("mail.example", 587, starttls=True, user="a@b.c", password="x")),
        ("smtp://mail.example:25/?starttls=1", Server("mail.example", 25, starttls=True)),
    ],
)
def test_it_reads_host_port_login_and_security(url: str, expected: Server) -> None:
    """The usual ports where none is named; user and password percent-encoded."""
    assert Server.from_url(url) == expected


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "smtp://", "smtp://h:port", "smtp://[::1"])
def test_it_refuses_what_is_no_mail_server(url: str) -> None:
    """At the start, not when the first page is due."""
    with pytest.raises(BadSettings):
        Server.from_url(url)


def test_neither_its_text_nor_its_errors_show_the_password() -> None:
    """Logs and tracebacks print both."""
    assert "hunter2" not in repr(Server.from_url("smtp://ann:hunter2@mail.example"))
    with pytest.raises(BadSettings) as caught:
        Server.from_url("imap://ann:hunter2@mail.example")
    assert "hunter2" not in str(caught.value)
