"""What Plivo's codes mean for a page: why a call ended, why a text did not arrive, why a request was refused. One table each, and
for a code that is in none of them the careful reading. It decides nothing; `callbacks` and `client` say it in our words.

Permanent is only what is wrong with the *address*: a fault of the site's own (credit, caller id, our XML) is the same for everybody
and must not burn through the policy in a second. Those are alarmed and tried again within the step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from escalation.domain.incident import Outcome
from escalation.errors import CarrierError, Verdict


@dataclass(frozen=True, slots=True)
class Cause:
    """`outcome`: the call is over and nothing failed. Without one it failed: `permanent` by this address, `alarm` by our fault."""

    name: str
    says: str
    outcome: Outcome | None = None
    permanent: bool = False
    alarm: bool = False


def over(name: str, outcome: Outcome, says: str = "") -> Cause:
    return Cause(name, says or str(outcome), outcome)


def again(name: str, says: str) -> Cause:
    """The network's or the carrier's trouble: the same again, later."""
    return Cause(name, says)


def never(name: str, says: str) -> Cause:
    """This address will not do, ever."""
    return Cause(name, says, permanent=True)


def barred(name: str, says: str) -> Cause:
    """This address will not do until somebody changes a setting at Plivo."""
    return Cause(name, says, permanent=True, alarm=True)


def ours(name: str, says: str) -> Cause:
    """The site's own fault, whoever is called."""
    return Cause(name, says, alarm=True)


HANGUPS: Mapping[int, Cause] = {
    0: over("Unknown", Outcome.HUNG_UP),
    1000: over("Cancelled", Outcome.NO_ANSWER, "cancelled"),
    1010: ours("Cancelled (Out Of Credits)", "the Plivo account is out of credit"),
    1020: again("Cancelled (Simultaneous Dial Limit)", "too many calls to that number at once"),
    2000: never("Invalid Destination Address", "the number is not valid"),
    2010: again("Destination Out Of Service", "the number is out of service at the moment"),
    2020: again("Endpoint Not Registered", "the SIP phone is not registered"),
    2030: barred("Destination Country Barred", "Plivo's geo permissions forbid calls to that country"),
    2040: barred("Destination Number Barred", "Plivo's geo permissions forbid calls to that number"),
    2050: barred("Destination Prefix Barred", "Plivo's geo permissions forbid calls to that prefix"),
    2060: ours("Loop Detected", "Plivo saw the call go in a circle"),
    2070: ours("Media anchoring failure", "Plivo refused the call for its media routing (a rule of India's)"),
    3000: over("No Answer", Outcome.NO_ANSWER),
    3010: over("Busy Line", Outcome.BUSY),
    3020: over("Rejected", Outcome.REJECTED),
    3030: ours("Unknown Caller ID", "Plivo does not know our caller id as ours"),
    3040: over("Forbidden", Outcome.REJECTED, "refused or blocked by the phone"),
    3050: never("Unallocated Number", "the number does not exist"),
    3070: again("Request Timeout", "the phone's network did not respond"),
    3080: again("Carrier internal error", "the phone's network failed"),
    3090: again("Congestion", "the phone's network is congested"),
    3100: over("Busy everywhere", Outcome.BUSY),
    3110: over("Declined", Outcome.REJECTED),
    3120: never("User does not exist", "nobody has that number"),
    3130: ours("Spam Block", "our caller id is blocked as spam"),
    3140: ours("Do-not-originate caller id", "our caller id must not place calls"),
    4000: over("Normal Hangup", Outcome.HUNG_UP),
    4010: over("End Of XML Instructions", Outcome.HUNG_UP),
    4020: over("Multiparty Call Ended", Outcome.HUNG_UP),
    4030: over("Kicked Out Of Multiparty Call", Outcome.HUNG_UP),
    4240: ours("SIP auth failed", "SIP authentication failed"),
    4250: ours("SIP auth timed out", "SIP authentication timed out"),
    5000: again("Network Error", "a network error at Plivo"),
    5010: again("Internal Error", "an internal error at Plivo"),
    5020: again("Routing Error", "Plivo found no route"),
    5030: again("Concurrency limit breached", "too many calls at once for Plivo"),
    6000: over("Scheduled Hangup", Outcome.HUNG_UP, "cut by the time limit"),
    6010: over("Ring Timeout Reached", Outcome.NO_ANSWER),
    6020: again("Media Timeout", "no sound came through"),
    7011: ours("Error Reaching Answer URL", "Plivo could not reach us for the words to say"),
    7012: ours("Error Reaching Action URL", "Plivo could not reach us with a key"),
    7013: ours("Error Reaching Transfer URL", "Plivo could not reach us for a message to leave"),
    7014: ours("Error Reaching Redirect URL", "Plivo could not reach us for the next words"),
    7022: ours("Invalid Action URL", "our address for keys is not valid"),
    7023: ours("Invalid Transfer URL", "our address for messages is not valid"),
    7024: ours("Invalid Redirect URL", "our address for the next words is not valid"),
    7032: ours("Invalid Method For Action URL", "our method for keys is not valid"),
    7033: ours("Invalid Method For Transfer URL", "our method for messages is not valid"),
    7034: ours("Invalid Method For Redirect URL", "our method for the next words is not valid"),
    8011: ours("Invalid Answer XML", "Plivo could not read our answer"),
    8012: ours("Invalid Action XML", "Plivo could not read our answer to a key"),
    8013: ours("Invalid Transfer XML", "Plivo could not read our message"),
    8014: ours("Invalid Redirect XML", "Plivo could not read our next words"),
    9000: over("Lost Race", Outcome.NO_ANSWER, "another phone answered first"),
    9100: over("Machine Detected", Outcome.VOICEMAIL),
    9110: over("Confirm Key Challenge Failed", Outcome.HUNG_UP),
}
HANGUP_NAMES = {cause.name.lower(): code for code, cause in HANGUPS.items()}
STATUSES: Mapping[str, Outcome] = {
    "completed": Outcome.HUNG_UP,
    "busy": Outcome.BUSY,
    "no-answer": Outcome.NO_ANSWER,
    "timeout": Outcome.NO_ANSWER,
    "cancel": Outcome.NO_ANSWER,
    "cancelled": Outcome.NO_ANSWER,
}

TEXTS: Mapping[int, Cause] = {
    0: again("None", "not delivered"),
    10: barred("Invalid message", "Plivo does not accept the text"),
    20: again("Network error", "a network error"),
    30: barred("Spam detected", "the text was taken for spam"),
    40: ours("Invalid source number", "our own number cannot send texts"),
    50: never("Invalid destination number", "the number cannot receive texts"),
    60: never("Loop detected", "the number is one of our own"),
    70: never("Destination permanently unavailable", "the phone is permanently unavailable"),
    80: again("Destination temporarily unavailable", "the phone is unavailable at the moment"),
    90: again("No route available", "no route to the phone at the moment"),
    100: never("Prohibited by carrier", "the phone's carrier forbids the text"),
    110: barred("Message too long", "the text is too long"),
    200: barred("Blocked by STOP", "opted out of our texts (STOP)"),
    201: barred("US toll-free to Canada blocked", "a toll-free number cannot text to Canada"),
    300: again("Failed to dispatch", "Plivo could not send it"),
    420: again("Message expired", "it expired before it could be sent"),
    450: barred("Destination country disabled", "Plivo's geo permissions forbid texts to that country"),
    900: ours("Insufficient credit", "the Plivo account is out of credit"),
    910: ours("Account disabled", "the Plivo account is disabled"),
    1000: again("Unknown", "Plivo does not say why"),
}

# 4xx are certain: nothing was placed (Plivo: "calls will not be queued"). A 5xx may follow after the call was accepted. A 4xx that
# does not name the destination is our own fault (caller id, URL, a proxy in between) and holds for every number: it must alarm, and
# not use up the policy in a second as if nobody had a telephone.
HTTP: Mapping[int, tuple[Verdict, str]] = {
    400: (Verdict.CREDENTIALS, "refused the request"),
    401: (Verdict.CREDENTIALS, "refused our credentials"),
    402: (Verdict.CREDENTIALS, "says the account is out of credit"),
    403: (Verdict.CREDENTIALS, "forbids this account the request"),
    404: (Verdict.CREDENTIALS, "does not know what was asked for"),
    405: (Verdict.CREDENTIALS, "refused the request"),
    408: (Verdict.RETRY, "did not get the whole request"),
    409: (Verdict.RETRY, "refused the request for now"),
    422: (Verdict.CREDENTIALS, "refused the request"),
    425: (Verdict.RETRY, "refused the request for now"),
    429: (Verdict.RETRY, "says we ask too often"),
    500: (Verdict.UNKNOWN, "failed"),
    502: (Verdict.UNKNOWN, "failed"),
    503: (Verdict.UNKNOWN, "failed"),
    504: (Verdict.UNKNOWN, "failed"),
}
# The error is free text, and the same fault comes with different statuses: read before the status, on 400, 403 and 422 only.
GEO = "geo permissions forbid this number"  # the account's setting, not the number: alarmed
WORDINGS: tuple[tuple[re.Pattern[str], Verdict, str], ...] = (
    (re.compile(r"credit|balance|funds"), Verdict.CREDENTIALS, "says the account is out of credit"),
    (re.compile(r"\bgeo|barred|countr"), Verdict.PERMANENT, GEO),
    (re.compile(r"\b(from|src|source|caller)\b"), Verdict.CREDENTIALS, "refuses our caller id"),
    (re.compile(r"\b(to|dst|destination|number)\b.*\b(not |in)valid\b"), Verdict.PERMANENT, "says the number is not valid"),
    (re.compile(r"\binvalid\b.*\b(to|dst|destination|number)\b"), Verdict.PERMANENT, "says the number is not valid"),
)


def hangup(code: str, name: str = "", call_status: str = "") -> Cause:
    """Why a call ended. The code counts, then the name, then the status; an unanswered call is never "hung up"."""
    found = HANGUPS.get(_number(code) if code else HANGUP_NAMES.get(name.strip().lower(), -1))
    status = call_status.strip().lower()
    by_status = STATUSES.get(status)
    if found is None:
        found = _unlisted(_number(code), status)
    elif found is HANGUPS[0] and status == "failed":
        found = again("Unknown", "the call failed, Plivo does not say why")
    if found.outcome is Outcome.HUNG_UP and by_status:
        return replace(found, outcome=by_status)
    return found


def text(code: str) -> Cause:
    """Why a text did not arrive. An unlisted code is not worth trying again by text (Plivo keeps adding some)."""
    return TEXTS.get(_number(code) if code else 0) or barred("", "Plivo gives a reason that we do not know")


def refusal(status: int, error: str = "", *, of_one: bool = False) -> CarrierError:
    """What a request's HTTP status, other than 2xx, allows to conclude; nothing of Plivo's own text is in it. `of_one`: it was about
    one call or message by its id, which is simply gone when Plivo does not know it."""
    if of_one and status == 404:
        return CarrierError(Verdict.PERMANENT, "Plivo does not know it any more (HTTP 404)")
    verdict, says = HTTP.get(status) or _by_class(status)
    if status in (400, 403, 422):
        verdict, says = next(((v, s) for pattern, v, s in WORDINGS if pattern.search(error.lower())), (verdict, says))
    return CarrierError(verdict, f"Plivo {says} (HTTP {status})", alarm=says == GEO)


def amount(text: str) -> Decimal:
    """USD of a decimal string, 0 for anything that is not an amount."""
    try:
        value = Decimal(text.strip()[:20])
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() and 0 <= value < 10**6 else Decimal(0)


def whole(text: str) -> int:
    """Seconds, 0 for anything that is not a number of them."""
    number = _number(text)
    return number if 0 <= number < 10**6 else 0


def _number(text: str) -> int:
    plain = text.strip()
    return int(plain) if re.fullmatch(r"[0-9]{1,9}", plain) else -1


def _unlisted(code: int, status: str) -> Cause:
    match code // 1000:
        case 7 | 8:
            return ours("", "Plivo could not use our answer")
        case 5:
            return again("", "an error at Plivo")
        case _ if status == "failed":
            return again("", "the call failed")
        case _:
            return over("", STATUSES.get(status, Outcome.NO_ANSWER))


def _by_class(status: int) -> tuple[Verdict, str]:
    if 300 <= status < 500:
        return Verdict.CREDENTIALS, "refused the request"
    return Verdict.UNKNOWN, "gave no usable answer"
