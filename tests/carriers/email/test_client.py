"""Pages by mail: what the server gets, and what its answers come to."""

from __future__ import annotations

import threading
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from escalation.carriers.email.client import EmailClient
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.ports import Carrier, Notice
from tests.carriers.email.mailserver import MailServer, receiving
from tests.carriers.stubs import StoppedClock, brief, closed_port, notice


def page(address: str = "ops@example.org", attempt: int = 3, try_: int = 1, **changes: object) -> Notice:
    return notice(Channel.EMAIL, address, brief(**changes), attempt, try_)  # type: ignore[arg-type]


def client(server: MailServer) -> EmailClient:
    return EmailClient(server.url, "pager@example.org", StoppedClock())


def mail(server: MailServer, number: int = 0) -> EmailMessage:
    return message_from_bytes(server.mails[number], policy=policy.default)


def verdict(**replies: str) -> Verdict:
    with receiving(**replies) as server, pytest.raises(CarrierError) as caught:
        client(server).send(page())
    assert "ops@example.org" not in caught.value.reason
    return caught.value.verdict


def test_it_is_a_carrier() -> None:
    """The port it promises."""
    carrier: Carrier = EmailClient("smtp://mail.example", "", StoppedClock())
    assert carrier.name == "email"
    assert carrier.channels == frozenset({Channel.EMAIL})


def test_the_mail_names_trouble_and_place() -> None:
    """From, To, a subject to triage by, a body in plain text."""
    with receiving() as server:
        client(server).send(page())
    sent = mail(server)
    assert (sent["From"], sent["To"]) == ("pager@example.org", "ops@example.org")
    assert "INC-42" in sent["Subject"]
    assert "db-1 is down" in sent["Subject"] + sent.get_content()
    assert sent["Date"].startswith("Sun, 01 Mar 2026 03:12:41")


def test_mails_of_one_incident_lie_in_one_thread() -> None:
    """Each has its own id and refers to the incident's; a second try repeats the id, so servers drop the double."""
    with receiving() as server:
        references = [client(server).send(page(attempt=a, try_=t)) for a, t in ((3, 1), (3, 2), (4, 1))]
    ids = [mail(server, n)["Message-ID"] for n in range(3)]
    assert ids == references
    assert ids[0] == ids[1] != ids[2]
    assert len({mail(server, n)["References"] for n in range(3)}) == 1
    assert mail(server)["References"] not in ids


def test_an_alert_cannot_write_headers() -> None:
    """Line ends in a summary or a service stay text; the page goes out."""
    evil = "down\r\nBcc: eve@evil.example\r\n\r\nhello\0\ud800\u2028"
    with receiving() as server:
        client(server).send(page(summary=evil, service=evil, source=evil, next=evil))
    assert mail(server)["Bcc"] is None
    assert len(server.recipients) == 1


@pytest.mark.parametrize("address", ["", "ops", "ops@", "a@b\r\nBcc: eve@evil.example", "a@b, c@d", "<a@b>"])
def test_what_is_no_address_never_will_be(address: str) -> None:
    """Not sent, and no line of its own in the header."""
    with receiving() as server, pytest.raises(CarrierError) as caught:
        client(server).send(page(address))
    assert caught.value.verdict is Verdict.PERMANENT
    assert server.mails == []


def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    """Without SMTPUTF8 that address cannot be written to."""
    with receiving() as server, pytest.raises(CarrierError) as caught:
        client(server).send(page("jürgen@example.org"))
    assert caught.value.verdict is Verdict.PERMANENT


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ({"RCPT": "550 no such user"}, Verdict.PERMANENT),
        ({"RCPT": "450 greylisted"}, Verdict.RETRY),
        ({"MAIL": "550 you may not"}, Verdict.CREDENTIALS),
        ({"MAIL": "451 later"}, Verdict.RETRY),
        ({"DATA": "451 later"}, Verdict.RETRY),
        ({"END": "452 full"}, Verdict.RETRY),
        ({"END": "554 spam"}, Verdict.PERMANENT),
        ({"END": ""}, Verdict.UNKNOWN),
        ({"MAIL": ""}, Verdict.RETRY),
        ({"HELLO": "421 busy"}, Verdict.RETRY),
        ({"HELLO": "554 go away"}, Verdict.CREDENTIALS),
        ({"HELLO": ""}, Verdict.RETRY),
    ],
)
def test_the_servers_words_become_verdicts(replies: dict[str, str], expected: Verdict) -> None:
    """4xx is later, 5xx is never or not for us, and silence is unknown only once the mail was spoken."""
    assert verdict(**replies) is expected


def test_a_refused_connection_is_tried_again() -> None:
    """Nothing was sent."""
    with pytest.raises(CarrierError) as caught:
        EmailClient(f"smtp://127.0.0.1:{closed_port()}", "a@b.c", StoppedClock()).send(page())
    assert caught.value.verdict is Verdict.RETRY


@pytest.mark.parametrize(
    ("reply", "expected"), [("535 wrong", Verdict.CREDENTIALS), ("454 later", Verdict.RETRY), ("235 welcome", None)]
)
def test_a_refused_login_is_a_matter_of_credentials(reply: str, expected: Verdict | None) -> None:
    """Unless the server says that it is only for now."""
    with receiving(EHLO="250-hi\r\n250 AUTH PLAIN", AUTH=reply) as server:
        carrier = EmailClient(f"smtp://ann:x@127.0.0.1:{server.port}", "a@b.c", StoppedClock())
        assert carrier.alive() is (expected is None)
        if expected is None:
            carrier.send(page())
            return
        with pytest.raises(CarrierError) as caught:
            carrier.send(page())
    assert caught.value.verdict is expected


def test_a_server_without_the_security_that_was_asked_for_gets_nothing() -> None:
    """No STARTTLS, no mail: the text does not go out in the clear."""
    with receiving() as server, pytest.raises(CarrierError) as caught:
        EmailClient(server.url + "?starttls", "a@b.c", StoppedClock()).send(page())
    assert caught.value.verdict is Verdict.CREDENTIALS
    assert server.mails == []


@pytest.mark.parametrize("reply", ["", "500 what?"])
def test_a_failing_goodbye_does_not_make_an_accepted_mail_refused(reply: str) -> None:
    """The server has it: nothing is sent twice because of QUIT."""
    with receiving(QUIT=reply) as server:
        client(server).send(page())
    assert len(server.mails) == 1


@pytest.mark.parametrize(("command", "expected"), [("RCPT", Verdict.RETRY), (".", Verdict.UNKNOWN)])
def test_there_is_one_deadline_for_the_whole_conversation(command: str, expected: Verdict) -> None:
    """Stuck before the mail was spoken: not accepted, and not sent behind our back later. Stuck after it: unknown."""
    with receiving() as server:
        server.stuck_at = command
        with pytest.raises(CarrierError) as caught:
            EmailClient(server.url, "a@b.c", StoppedClock(), deadline=1.0).send(page())
        server.go_on.set()
        for thread in [t for t in threading.enumerate() if t.name == "deadline"]:
            thread.join(5)
    assert caught.value.verdict is expected
    assert len(server.mails) == (0 if expected is Verdict.RETRY else 1)
