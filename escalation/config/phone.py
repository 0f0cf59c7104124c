"""Phone numbers: what a person may be called on. International form in, E.164 out; numbers that cost the caller extra, that
no network has, or that hide an extension are refused. Never shows a number. Not a lookup of who owns it."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from escalation.config.faults import Refused

_WRITTEN = re.compile(r"\+[0-9 ()./-]{5,30}")
_EXTENSION = re.compile(r"(?:ext|x|#|;|,)", re.IGNORECASE)
_TEST = re.compile(r"\+155501[0-9]{5}")
_REFUSED = {
    PhoneNumberType.PREMIUM_RATE: "a premium rate number",
    PhoneNumberType.SHARED_COST: "a shared cost number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal (follow-me) number, often charged as premium rate",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a voicemail box",
}


def e164(text: str, *, allow_test: bool = False) -> str:
    """The number in E.164. `allow_test` lets through +1 555 01x xxxx, which nobody has. Raises `Refused` with a plain reason."""
    _check_writing(text)
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise Refused("not a phone number: no such country code, or too short") from None
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if _TEST.fullmatch(plain):
        if allow_test:
            return plain
        raise Refused("a test number, nobody has it (`allow_test_numbers: true` lets it through)")
    _check_number(number)
    return plain


def is_landline(number: str) -> bool:
    """Whether texts probably do not arrive there; `number` is E.164."""
    return phonenumbers.number_type(phonenumbers.parse(number)) == PhoneNumberType.FIXED_LINE


def _check_writing(text: str) -> None:
    if not text.startswith("+"):
        raise Refused("a phone number begins with + and the country code, such as +49 30 …")
    if not _WRITTEN.fullmatch(text):
        kind = "extensions cannot be dialled" if _EXTENSION.search(text) else "only + and 0-9 (and spaces) can stand in it"
        raise Refused(f"not a phone number: {kind}")


def _check_number(number: PhoneNumber) -> None:
    # Country codes of no country: satellite (+870, +881, +882), worldwide freephone, shared cost and premium rate.
    if phonenumbers.region_code_for_country_code(number.country_code or 0) == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        raise Refused("satellite and worldwide service numbers are refused")
    if not phonenumbers.is_valid_number(number):
        raise Refused("not a number that can exist in its country")
    if refused := _REFUSED.get(phonenumbers.number_type(number)):
        raise Refused(f"{refused} is refused")
