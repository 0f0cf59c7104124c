"""Sends codes to people's numbers and takes them back. The digits are made here and by the receiver that speaks them, and are kept by neither:
no row, no task, no log has them. It sends by itself, beside the outbox: nobody is paged, and whoever asked waits for the answer. Never a
condition for paging. Not the rules (`domain.verification`)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from escalation.domain import verification_words as words
from escalation.domain.roster import Channel, Responder
from escalation.domain.verification import LASTS, WITHIN, Code, Number, Way, digits, fitting, mark, may_send_at
from escalation.errors import CarrierError, Verdict
from escalation.number_codes import Speaker
from escalation.ports import Carrier, Patience, Store, Teller, Transaction

log = logging.getLogger(__name__)

NO_SECRET = "a code is made with ESCALATION_SECRET_KEY, which is not set here: it must be the receiver's"
IN_USE = "a call of ours is on that phone, or pages wait to be sent; ask again in a minute"


@dataclass(frozen=True, slots=True)
class Went:
    """What became of one code: `lacking` says why it was not sent, `doubt` why nobody knows."""

    lacking: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """Whose number is verified now; else how many tries are left at each number that has a code out, none where there is no code."""

    verified: Number | None = None
    left: tuple[tuple[Number, int], ...] = ()


class Verifying:
    """`carriers` says who brings which channel; `public_url` is where a carrier asks for a call's words."""

    def __init__(self, store: Store, carriers: Mapping[Channel, Carrier], secret: str, public_url: str) -> None:
        self._store = store
        self._carriers = carriers
        self._secret = secret
        self._public_url = public_url

    def lacks(self, way: Way) -> str:
        """Why no code can go that way from here, empty when one can."""
        if not self._secret:
            return NO_SECRET
        able = isinstance(self._carriers[way.channel], Teller if way is Way.SMS else Speaker)
        if not able:
            return f"no carrier is configured for {way.channel}"
        return (
            "" if way is Way.SMS or self._public_url else "ESCALATION_PUBLIC_URL is not set: nobody could be asked for the words"
        )

    def send(self, person: Responder, number: Number, way: Way, by: str) -> Went:
        """1. Keep its nonce. 2. Send. Dying in between leaves a code that nobody has, and that dies by itself."""
        with self._store.transaction() as tx:
            code = self._kept(tx, person, number, way, by)
        if isinstance(code, Went):
            return code
        error = self._send(number, way, code)
        if error is None or error.verdict is Verdict.UNKNOWN:
            return Went(doubt=error.reason if error else "")
        with self._store.transaction() as tx:
            tx.withdraw_code(code.id)
        return Went(error.reason)

    def _kept(self, tx: Transaction, person: Responder, number: Number, way: Way, by: str) -> Code | Went:
        if way is Way.SMS and number.has_opted_out:
            return Went("they opted out of texts (STOP): a call can tell it (`--by call`)")
        if way is Way.CALL and (tx.is_calling(number.address) or tx.unclaimed(timedelta(0), 1)):
            return Went(IN_USE)
        which = mark(self._secret, number.address)
        again = may_send_at(tx.codes_sent(which, tx.now - WITHIN), tx.now)
        if again is not None:
            return Went(f"enough codes went there within an hour; the next can go at {again:%H:%M} UTC")
        return tx.keep_code(person.handle, which, way, secrets.token_hex(16), by)

    def _send(self, number: Number, way: Way, code: Code) -> CarrierError | None:
        try:
            match way, self._carriers[way.channel]:
                case Way.SMS, Teller() as teller:
                    teller.tell(number.address, words.SUBJECT, words.text(digits(self._secret, code)), f"code:{code.id}")
                case _, Speaker() as speaker:
                    speaker.speak_code(number.address, code.id)
                case _:
                    return CarrierError(Verdict.PERMANENT, self.lacks(way))
        except CarrierError as error:
            return error
        except Exception as error:  # a fault of ours in mid-send: the carrier may have it
            log.error("code %d: %s", code.id, type(error).__name__)
            return CarrierError(Verdict.UNKNOWN, "a fault of ours")
        return None

    def check(self, person: Responder, numbers: Sequence[Number], given: str, by: str) -> Checked:
        """A wrong one counts against every number that has a code out: nobody knows which was meant."""
        of = {mark(self._secret, number.address): number for number in numbers}
        with self._store.transaction() as tx:
            live = [code for code in tx.newest_codes(person.handle, [*of], tx.now - LASTS) if code.is_live(tx.now)]
            found = fitting(self._secret, live, given, tx.now)
            if found is not None:
                tx.use_code(found.id, by)
                return Checked(of[found.mark])
            tx.miss_codes([code.id for code in live])
            return Checked(left=tuple((of[code.mark], code.tries_left - 1) for code in live))

    def spoken(self, code_id: int, called: str) -> str:
        """The digits for a call to that number; empty when they do not count any more, or the call is not to theirs (the secret of
        whoever placed it is another, too: what would be heard would be no code)."""
        with self._store.read(patience=Patience.CALLER) as tx:
            code, now = tx.code(code_id), tx.now
        if not self._secret or code is None or not code.is_live(now) or code.mark != mark(self._secret, called):
            return ""
        return digits(self._secret, code)
