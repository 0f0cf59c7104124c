"""Sends callbacks and fetches XML: signs, applies the faults that were asked for, tries again by the URL's own rule and
hands the last outcome to whoever asked. It knows neither calls nor texts, only names, URLs and parameters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from escalation.sandbox.courier import Envelope, Outcome, Then, form
from escalation.sandbox.faults import ON_CALLBACKS, Fault
from escalation.sandbox.retries import Retries, VoiceRetries
from escalation.sandbox.signer import v2_headers, v3_headers

if TYPE_CHECKING:
    from escalation.sandbox.world import World


def ignore(outcome: Outcome) -> None:
    """What Plivo does with the answers to its information callbacks."""


@dataclass(frozen=True)
class Callback:
    """One callback to make: `name` is what faults and the log call it, `about` the call or message it is about,
    `signatures` which versions it carries. `wants_reply` when the call waits for the XML."""

    name: str
    about: str
    method: str
    url: str
    params: dict[str, str]
    retries: Retries = field(default_factory=VoiceRetries)
    signatures: str = "V3"
    wants_reply: bool = False


@dataclass
class _Try:
    callback: Callback
    then: Then
    tries: int = 0
    began: float = 0.0


class Callbacks:
    def __init__(self, world: World) -> None:
        self._world = world
        self._held: list[_Try] = []

    def send(self, callback: Callback, then: Then = ignore) -> None:
        """Never from within a request that is being answered: this only puts it on the agenda."""
        self._world.after(self._world.latency, lambda: self._begin(_Try(callback, then, began=self._world.now())))

    def _begin(self, attempt: _Try) -> None:
        fault = self._world.faults.take(ON_CALLBACKS, attempt.callback.name)
        if fault is None:
            self._go(attempt)
        else:
            self._world.note("fault.used", fault=fault.kind, callback=attempt.callback.name)
            self._go_wrong(fault, attempt)

    def _go_wrong(self, fault: Fault, attempt: _Try) -> None:
        if fault.kind == "doubled":
            self._world.after(fault.by, lambda: self._go(_Try(attempt.callback, ignore, began=self._world.now())))
            self._go(attempt)
        elif fault.kind == "late":
            self._world.after(fault.by, lambda: self._go(attempt))
        elif fault.kind == "reordered":
            self._held.append(attempt)
            self._world.after(fault.by, lambda: self._release(attempt))
        else:
            self._lose(attempt)

    def _lose(self, attempt: _Try) -> None:
        callback = attempt.callback
        self._world.note("callback.lost", name=callback.name, about=callback.about, url=callback.url)
        if callback.wants_reply:
            attempt.tries += 1
            self._came_back(attempt, Outcome(failure="rt", lasted=callback.retries.read))

    def _release(self, attempt: _Try) -> None:
        if attempt in self._held:
            self._held.remove(attempt)
            self._go(attempt)

    def _release_after(self, about: str) -> None:
        for held in [held for held in self._held if held.callback.about == about]:
            self._world.after(0.0, lambda held=held: self._release(held))  # type: ignore[misc]

    def _go(self, attempt: _Try) -> None:
        attempt.tries += 1
        envelope = self._envelope(attempt.callback)
        self._world.courier.carry(envelope, lambda outcome: self._came_back(attempt, outcome))
        self._release_after(attempt.callback.about)

    def _envelope(self, callback: Callback) -> Envelope:
        url, body, headers = form(callback.method, callback.url, callback.params)
        headers = {**headers, **self._signed(callback)}
        return Envelope(callback.method, url, headers, body, callback.retries.connect, callback.retries.read)

    def _signed(self, callback: Callback) -> dict[str, str]:
        tokens, nonce = self._world.account.signing_tokens, self._world.new_nonce()
        headers: dict[str, str] = {}
        if "V3" in callback.signatures:
            headers |= v3_headers(callback.method, callback.url, callback.params, nonce, tokens)
        if "V2" in callback.signatures:
            headers |= v2_headers(callback.url, nonce, tokens)
        return headers

    def _came_back(self, attempt: _Try, outcome: Outcome) -> None:
        self._note(attempt, outcome)
        spent = self._world.now() + outcome.lasted - attempt.began
        pause = (
            None
            if outcome.ok or outcome.failure == "refused"
            else attempt.callback.retries.again_after(attempt.tries, spent, outcome)
        )
        if pause is not None:
            self._world.after(outcome.lasted + pause, lambda: self._again(attempt))
        elif outcome.lasted:
            self._world.after(outcome.lasted, lambda: attempt.then(replace(outcome, lasted=0.0)))
        else:
            attempt.then(outcome)

    def _again(self, attempt: _Try) -> None:
        fault = self._world.faults.take(frozenset({"lost"}), attempt.callback.name)
        self._lose(attempt) if fault else self._go(attempt)

    def _note(self, attempt: _Try, outcome: Outcome) -> None:
        callback = attempt.callback
        kind = "callback.refused" if outcome.failure == "refused" else "callback.sent"
        self._world.note(
            kind,
            name=callback.name,
            about=callback.about,
            method=callback.method,
            url=callback.url,
            params=dict(callback.params),
            tries=attempt.tries,
            status=outcome.status,
            failure=outcome.failure,
        )
