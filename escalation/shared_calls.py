"""What a transaction must know of calls that speak for several incidents: a part of `ports.Transaction`. Not an implementation (the store's
`sql_calls`), not what it means (the domain's `joined`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from escalation.domain.incident import Outcome, Status
from escalation.domain.joined import Ended, Headline, Menu, Part


class SharedCalls(Protocol):
    """A call is named by the attempt that placed it; those that joined it are its members."""

    def joinable(self, address: str, incident_id: int, attempt: int) -> Part | None:
        """Whose call is on that phone, if another may still join it: the phone is ours until this transaction ends."""

    def join_call(self, host: Part, incident_id: int, attempt: int, address: str) -> None:
        """That attempt is a member of the host's call from now on."""

    def leave_call(self, incident_id: int, attempt: int) -> None:
        """It is no longer a member of any."""

    def is_member(self, incident_id: int, attempt: int) -> bool:
        """Whether it joined another's call, or had when it was settled."""

    def is_shared(self, incident_id: int, attempt: int) -> bool:
        """Whether the call that this attempt placed is not over and speaks for others that want it. Nobody joins meanwhile."""

    def end_call(self, incident_id: int, attempt: int, outcome: Outcome, reason: str) -> None:
        """The call that this attempt placed is over: nobody joins it any more, and its members are to be told (`ended_members`)."""

    def headlines(self, incident_id: int, attempt: int) -> list[Headline] | None:
        """What that call has to say now, the worst first; None when nobody ever joined it."""

    def titles(self, members: Sequence[Part]) -> list[Headline]:
        """The same of these, those that nobody has taken, also when the call is over for them."""

    def speak(self, incident_id: int, attempt: int, try_: int, hop: int, menu: Menu) -> None:
        """Keeps what a menu of that call is about to say."""

    def menu(self, incident_id: int, attempt: int, try_: int, hop: int) -> Menu | None:
        """What that menu said, or where it could not be kept, the last before it; None where no menu spoke of several."""

    def press(self, incident_id: int, attempt: int, try_: int, hop: int, key: str) -> None:
        """Keeps the key that was pressed in a menu: what it means will be done, whatever becomes of the call."""

    def wanted(self, members: Sequence[Part]) -> dict[int, tuple[Status, str]]:
        """How these incidents stand, and who has them."""

    def ended_members(self, limit: int) -> list[Ended]:
        """Members of calls that are over, which do not know it yet."""

    def told(self) -> None:
        """Calls of which every member knows that they are over are not looked at again."""
