"""`escalation verify`: is the number that is written under somebody's name theirs? A code goes there, and what they read out comes back. Not the
rules (`domain.verification`)."""

from __future__ import annotations

from collections.abc import Sequence

import click

from escalation.cli.incidents import Name, login
from escalation.cli.shell import Refused, Shell
from escalation.domain import waking
from escalation.domain.roster import Responder
from escalation.domain.verification import Number, Way, numbers, typed
from escalation.errors import BadInput, NotFound
from escalation.verifying import NO_SECRET, Checked, Went

SENT = {Way.SMS: "a code was sent by SMS", Way.CALL: "is being called, and hears a code twice"}


@click.command()
@click.argument("person")
@click.option("--code", default="", help="The six digits that they read out: they verify the number that they went to.")
@click.option("--phone", default="", metavar="NAME", help="Only the number of that name, of a person's `phones` (default: all).")
@click.option(
    "--by",
    "way",
    type=click.Choice([Way.SMS.value, Way.CALL.value]),
    help="How the code goes out (default: by SMS where texts go to that number, else by a call).",
)
@click.option("--as", "who", type=Name(), default=login, show_default="the login name", help="Who asks: kept with the number.")
@click.pass_obj
def verify(shell: Shell, person: str, code: str, phone: str, way: str | None, who: str) -> None:
    """Send a code to each number of PERSON, or, with --code, take it back: then that number is known to be theirs."""
    with shell.system.store.read() as tx:
        whose = waking.person(tx.site().roster, person)
    if whose is None:
        raise NotFound(f"there is no person {person[:40]!r}")
    chosen = _chosen(whose, phone)
    if not shell.settings.secret_key:
        raise Refused(NO_SECRET)
    if code:
        _check(shell, whose, chosen, code, who)
    else:
        _send(shell, whose, chosen, Way(way) if way else None, who)


def _chosen(person: Responder, name: str) -> list[Number]:
    found = numbers(person)
    if not found:
        raise Refused(f"{person.handle} has no number in the configuration")
    if name and name not in (known := [number.name for number in found]):
        raise BadInput([f"{person.handle} has no number named {name[:40]!r} (there are: {', '.join(known)})"])
    return [number for number in found if name in ("", number.name)]


def _send(shell: Shell, person: Responder, chosen: Sequence[Number], way: Way | None, who: str) -> None:
    if held := shell.system.queries.held():
        raise Refused(f"no code now: {held}")
    ways = [(number, way or number.usual_way) for number in chosen]
    for lacking in filter(None, (shell.system.verifying.lacks(by) for _, by in ways)):
        raise Refused(lacking)
    went = [_sent(shell, person, number, by, who) for number, by in ways]
    if not any(went):
        raise Refused("no code was sent")
    click.echo(f"Ask {person.name} for it: escalation verify {person.handle} --code … within 10 minutes")
    if not all(went):
        raise Refused("not every number was sent one")


def _sent(shell: Shell, person: Responder, number: Number, way: Way, who: str) -> bool:
    went = shell.system.verifying.send(person, number, way, who)
    click.echo(f"{number}: {_told(went, way)}")
    return not went.lacking


def _told(went: Went, way: Way) -> str:
    if went.lacking:
        return f"not sent: {went.lacking}"
    return f"nobody knows whether it went out ({went.doubt}); if it arrives it counts" if went.doubt else SENT[way]


def _check(shell: Shell, person: Responder, chosen: Sequence[Number], code: str, who: str) -> None:
    given = typed(code)
    if given is None:
        raise BadInput(["a code has six digits"])
    came = shell.system.verifying.check(person, chosen, given, who)
    if came.verified is None:
        raise Refused(_wrong(came, person))
    click.echo(f"{came.verified} is {person.name}'s: verified")


def _wrong(came: Checked, person: Responder) -> str:
    again = f"escalation verify {person.handle} sends a new one"
    if not came.left:
        return f"no code is out that could be meant: it was used, is older than 10 minutes, or was guessed at too often; {again}"
    if not any(left for _, left in came.left):
        return f"that is not the code, and it was the last try: {again}"
    return f"that is not the code; tries left: {', '.join(f'{left} for {number}' for number, left in came.left)}"
