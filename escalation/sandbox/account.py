"""The account whose calls the sandbox pretends to place: its credentials, its money, its numbers. It knows nothing of
calls or messages; those charge it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

AUTH_ID = "MASANDBOX00000000001"
AUTH_TOKEN = "c2FuZGJveC10b2tlbi1ub3QtYS1zZWNyZXQtMDAwMQ"


@dataclass
class Account:
    """`auth_token` signs the plain headers, `main_token` (of the main account, if this one is a subaccount) the Ma ones.
    No `numbers` means every number asked for is ours."""

    auth_id: str = AUTH_ID
    auth_token: str = AUTH_TOKEN
    main_token: str = ""
    main_auth_id: str = ""
    cash_credits: Decimal = Decimal("20.00000")
    numbers: tuple[str, ...] = ()
    name: str = "Sandbox"
    voice_rate: Decimal = Decimal("0.00850")
    message_rate: Decimal = Decimal("0.00550")

    @property
    def signing_tokens(self) -> tuple[str, str]:
        return self.auth_token, self.main_token or self.auth_token

    @property
    def parent_auth_id(self) -> str:
        return self.main_auth_id or self.auth_id

    @property
    def out_of_credits(self) -> bool:
        return self.cash_credits <= 0

    def charge(self, amount: Decimal) -> None:
        self.cash_credits -= amount

    def owns(self, number: str) -> bool:
        return not self.numbers or digits_of(number) in {digits_of(own) for own in self.numbers}


def digits_of(number: str) -> str:
    """`+1 (555) 010-0001` and `15550100001` are the same phone."""
    return "".join(character for character in number if character.isdigit())


def money(amount: Decimal) -> str:
    return f"{amount:.5f}"
