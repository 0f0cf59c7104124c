"""Who else is to be asked about an incident, from the command line: `reassign`, `hand-over` and `add-responder`. Not the next step (`incidents`)."""

from __future__ import annotations

import click

from escalation.cli.incidents import by, stands
from escalation.cli.shell import INCIDENT, Refused, Shell, output
from escalation.domain import events as ev
from escalation.domain import waking
from escalation.domain.incident import Via
from escalation.domain.policy import Policy, Service
from escalation.domain.roster import Roster
from escalation.domain.round_robin import with_turns
from escalation.engine import Told
from escalation.errors import BadInput, NotFound
from escalation.ports import Transaction


@click.command()
@click.argument("incident", type=INCIDENT)
@click.option("--to", "person", default="", help="A person: asked now; when they do not answer the policy begins from the top.")
@click.option("--policy", default="", help="Another escalation policy: begins now.")
@by
@output
@click.pass_obj
def reassign(shell: Shell, incident: int, person: str, policy: str, by: str, output: str) -> None:
    """Hand the incident to a person or to another policy: paged now. Whoever has it until now has it no more."""
    if bool(person) is bool(policy):
        raise BadInput(["either --to PERSON or --policy POLICY is needed"])
    with shell.system.store.transaction() as tx:
        event = ev.Reassigned(
            by,
            Via.CLI,
            _person(tx.site().roster, person) if person else "",
            _policy(tx, incident, policy) if policy else None,
        )
    moved(shell.system.engine.tell(incident, event), output)


@click.command("hand-over")
@click.argument("incident", type=INCIDENT)
@click.option(
    "--to", "person", required=True, help="Paged now; when they do not take it, whoever has had it is called, then the policy."
)
@by
@output
@click.pass_obj
def hand_over(shell: Shell, incident: int, person: str, by: str, output: str) -> None:
    """Ask PERSON to take over what somebody has: they are paged now. Only while it is acknowledged."""
    with shell.system.store.read() as tx:
        who = _person(tx.site().roster, person)
    moved(shell.system.engine.tell(incident, ev.HandedOver(who, by, Via.CLI)), output)


@click.command("add-responder")
@click.argument("incident", type=INCIDENT)
@click.argument("person")
@by
@output
@click.pass_obj
def add_responder(shell: Shell, incident: int, person: str, by: str, output: str) -> None:
    """Page PERSON too, now, beside whoever is paged. Only while nobody has it."""
    with shell.system.store.read() as tx:
        who = _person(tx.site().roster, person)
    moved(shell.system.engine.tell(incident, ev.ResponderAdded(who, by, Via.CLI)), output)


def moved(came: Told, how: str) -> None:
    """Shows how the incident stands; raises `Refused` with the timeline's own words when nothing came of it."""
    stands(came.incident, how)
    if not came.moved:
        raise Refused(came.entries[-1].text if came.entries else f"{came.incident.short_id} is {came.incident.status}")


def _person(roster: Roster, name: str) -> str:
    found = waking.person(roster, name)
    if found is None:
        raise BadInput([f"there is no person {name!r}"])
    return found.handle


def _policy(tx: Transaction, incident_id: int, name: str) -> Policy:
    """As an incident of that service would keep it, with a turn of its own where it has round robins."""
    site, incident = tx.site(), next(iter(tx.peek([incident_id])), None)
    if incident is None:
        raise NotFound(f"There is no incident INC-{incident_id}.")
    if name not in site.policies:
        raise BadInput([f"there is no policy {name!r}"])
    service = site.services.get(incident.service) or Service(incident.service, (), name)
    return with_turns(site.policy_of(service, name), site.roster, tx.take_turn)
