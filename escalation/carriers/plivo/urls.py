"""The addresses Plivo calls us at, with what Plivo shall do when we do not answer (in the fragment, which it neither sends nor
signs). Pure. Ids only: no number, no words in any of them."""

from __future__ import annotations

from dataclasses import dataclass

from escalation.carriers.plivo.callbacks import Name

# A person holds the phone meanwhile: we answer within a second or have a fault, so 3 s of reading is plenty, and three tries end
# after 15 s. By Plivo's defaults one stalled answer would be 40 s of silence, and a 5xx would not be tried again at all.
ASKING = "#ct=2000&rt=3000&rc=2&rp=all"
# Nobody waits, and what is not delivered is lost: all five retries. 6 x (2 + 5) s stay below Plivo's limit of 55 s in all, which
# its default of 40 s for a single reading would use up in one.
TELLING = "#ct=2000&rt=5000&rc=5&rp=all"


def code_answer(public_url: str, code_id: int) -> str:
    """Where a call that speaks a code asks for its words."""
    return f"{public_url}/plivo/codes/{code_id}/answer{ASKING}"


@dataclass(frozen=True, slots=True)
class Urls:
    """All addresses of one call or text. `hop` counts the menus within a call."""

    public_url: str
    name: Name

    @property
    def answer(self) -> str:
        return self._call("answer") + ASKING

    @property
    def fallback(self) -> str:
        return self._call("fallback") + ASKING

    @property
    def message(self) -> str:
        return self._call("message") + ASKING

    def key(self, hop: int) -> str:
        return self._call(f"key/{hop}") + ASKING

    def silent(self, hop: int) -> str:
        return self._call(f"silent/{hop}") + ASKING

    def more(self, hop: int) -> str:
        return self._call(f"more/{hop}") + ASKING

    @property
    def ring(self) -> str:
        return self._call("ring") + TELLING

    @property
    def hangup(self) -> str:
        return self._call("hangup") + TELLING

    @property
    def machine(self) -> str:
        return self._call("machine") + TELLING

    @property
    def text_status(self) -> str:
        """No fragment: texts have Plivo's own retries, 60, 120 and 240 s later."""
        return f"{self.public_url}/plivo/texts/{self.name.text}/status"

    def _call(self, what: str) -> str:
        return f"{self.public_url}/plivo/calls/{self.name.text}/{what}"
