"""A pretend Plivo, with stand-ins for Slack and a mail server, that a real client cannot tell from the real one on the
paths we use. It is a program of its own: it imports nothing of ours and shares no code with what it tests. It is no
telephone exchange; whatever is not documented by Plivo was chosen here and is marked so where it is done.

In tests, one thread, no sockets, time stands still until it is moved::

    world = World(clock=VirtualClock(start))  # or World() with everything made up
    product = httpx.Client(transport=httpx.WSGITransport(app=create_app(world)))  # what the product calls Plivo with
    world.client = httpx.Client(transport=httpx.WSGITransport(app=product_app))  # what Plivo calls the product with
    ann = world.phone("+15550100001")  # declared: rings until somebody acts
    world.phone("+15550100002", habits=[Habit("answers", after=4, presses=("1",))])
    world.advance(10)
    ann.pick_up()
    world.advance(1)
    ann.press("1")
    world.advance()
    assert ann.heard == [...] and not world.unexpected

`world`: now(), next_due() -> float | None, advance_to(t), advance(seconds=0), phone(number), calls, texting.messages,
unexpected, faults, slack, mailbox, log, account, message_url, split_uuids, message_signatures ("V2", "V3", "V2 V3").
`Phone`: ringing, talking, pick_up(), press(digits), hang_up(), reject(), busy, machine, undeliverable, heard, texts,
reply(text), calls, habits. Acting enqueues; `world.advance()` runs what is due now.
`world.faults`: answer(status, on, accept=), timeout(on, accept=), down(until=), up(), lose(on), double(on), delay(on, by=),
reorder(on), undelivered(code, to=), unreachable(code, to=), clear(). A client with `timeout` or `down` sees httpx errors.
`world.slack`: messages, press(message, action_id), actions_url, signing_secret, token. `world.mailbox`: list of Mail;
`PretendSMTP(world)` stands in for smtplib.SMTP. `load(yaml_text).apply(world)` plays a script (format: `script.py`).

In a process of its own: `python -m escalation.sandbox --port 8008 --script night.yaml --callback-host 127.0.0.1:8000`.
"""

from escalation.sandbox.account import Account
from escalation.sandbox.app import create_app
from escalation.sandbox.clock import RealClock, VirtualClock
from escalation.sandbox.faults import Fault, SandboxDown, SandboxTimeout
from escalation.sandbox.habits import Habit, Reply
from escalation.sandbox.mail import PretendSMTP
from escalation.sandbox.script import ScriptFaults, load
from escalation.sandbox.world import World

__all__ = ["Account", "Fault", "Habit", "PretendSMTP", "RealClock", "Reply", "SandboxDown", "SandboxTimeout",
           "ScriptFaults", "VirtualClock", "World", "create_app", "load"]  # fmt: skip
