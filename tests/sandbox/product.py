"""A stand-in for the product: answers what it is told to and keeps every request with its signature headers. Not a test."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
from flask import Flask, Response, request

from escalation.sandbox import World, create_app

URL = "http://product.test"
OURS = "+15550109999"
ANN = "+15550100001"
BOB = "+15550100002"


@dataclass
class Seen:
    """One callback as it arrived."""

    path: str
    method: str
    url: str
    params: dict[str, str]
    headers: dict[str, str]
    at: float


@dataclass
class Product:
    """`answers[path]` is what that path answers: XML text, a status, an exception, or a list of these used one by one."""

    world: World
    answers: dict[str, object] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask("product")
        app.config["PROPAGATE_EXCEPTIONS"] = True
        app.add_url_rule("/<path:path>", "hook", self.hook, methods=["GET", "POST"])
        return app

    def hook(self, path: str) -> Response:
        values = request.args if request.method == "GET" else request.form
        self.seen.append(Seen(path, request.method, request.url, values.to_dict(), dict(request.headers), self.world.now()))
        answer = self.answers.get(path, "")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return Response("", answer)
        return Response(str(answer), 200, mimetype="application/xml")

    def at(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    @property
    def story(self) -> list[str]:
        return [seen.path for seen in self.seen]


@dataclass
class Bench:
    """A World in virtual time, a client for its API, and a product behind its callbacks; no sockets."""

    world: World
    api: httpx.Client
    product: Product

    def call(self, to: str = ANN, **extra: object) -> httpx.Response:
        body = {"from": OURS, "to": to, "answer_url": f"{URL}/answer", "ring_url": f"{URL}/ring",
                "hangup_url": f"{URL}/hangup", **extra}  # fmt: skip
        return self.api.post("Call/", json=body)

    def text(self, to: str = ANN, text: str = "page", **extra: object) -> httpx.Response:
        return self.api.post("Message/", json={"src": OURS, "dst": to, "text": text, "url": f"{URL}/status", **extra})

    def talk(self) -> None:
        """A call to Ann, who picks up and hears what is answered."""
        self.call()
        self.world.advance(2)
        self.world.phone(ANN).pick_up()
        self.world.advance()


def bench(**options: object) -> Bench:
    world = World(message_url=f"{URL}/inbound", **options)  # type: ignore[arg-type]
    product = Product(world)
    world.client = httpx.Client(transport=httpx.WSGITransport(app=product.app()))
    world.phone(ANN)
    account = world.account
    api = httpx.Client(
        transport=httpx.WSGITransport(app=create_app(world)),
        auth=(account.auth_id, account.auth_token),
        base_url=f"http://sandbox.test/v1/Account/{account.auth_id}/",
    )
    return Bench(world, api, product)


def menu(prompt: str = "Press one.", after: str = "", **attributes: object) -> str:
    given = {"action": f"{URL}/keys", "numDigits": 1, "executionTimeout": 5, **attributes}
    text = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<Response><GetInput {text}><Speak>{prompt}</Speak></GetInput>{after}</Response>"


def say(words: str) -> str:
    return f"<Response><Speak>{words}</Speak></Response>"
