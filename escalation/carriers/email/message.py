"""A notice as an e-mail. Pure. Not its words (`domain.wording`) and not its delivery (`client`)."""

from __future__ import annotations

import re
from datetime import datetime
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from escalation.domain import wording
from escalation.errors import CarrierError, Verdict
from escalation.ports import Notice

# A line end in a header would begin another header; EmailMessage refuses it, and a page must not fail over that.
_UNUSABLE = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]+")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def compose(notice: Notice, sender: str, now: datetime) -> EmailMessage:
    """The whole message. Each attempt has a Message-ID of its own (servers drop a second mail with a known one), the same for
    every try of it (so that they drop the double); all refer to one id of the incident, so they lie in one thread."""
    domain = sender.rpartition("@")[2]
    thread = f"{notice.brief.short_id}.{int(notice.brief.opened_at.timestamp())}"
    subject, text = wording.mail_subject(notice.brief), wording.mail_text(notice.brief)
    mail = plain(notice.address, subject, text, f"{thread}.{notice.attempt}", sender, now)
    mail["In-Reply-To"] = mail["References"] = f"<{thread}@{domain}>"
    mail["X-Priority"] = "1"
    return mail


def plain(address: str, subject: str, text: str, identity: str, sender: str, now: datetime) -> EmailMessage:
    """A message about whatever it says."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = _address(sender)
    mail["To"] = _address(address)
    mail["Subject"] = _UNUSABLE.sub(" ", subject)[:200]
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{identity.replace(':', '.')}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # keeps holiday replies away (RFC 3834)
    mail.set_content(_UNPRINTABLE.sub(" ", text))
    return mail


def _address(text: str) -> Address:
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError):
        raise CarrierError(Verdict.PERMANENT, "e-mail: not a mail address") from None
    if not address.username or not address.domain:
        raise CarrierError(Verdict.PERMANENT, "e-mail: not a mail address")
    return address
