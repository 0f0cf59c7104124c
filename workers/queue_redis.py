"""The open queue on Redis. Any producer does `LPUSH incident-events <json>`. What the messages mean is not decided here.

How a crash loses nothing and opens nothing twice. A message is moved (BLMOVE, LMOVE) to the list `incident-events.taking`, the oldest at
its right end. Then the oldest ones there are made a batch: `incident-events.taking.batch` gets a random name and their number, unless
it has some. The batch is what these two keys say and nothing else: from the naming until it is done the same name stands for the
same messages, whoever reads them, as moves only add at the left end, and the messages are removed together with the name, in one
transaction that looks whether the name still holds. Name and place in the batch are each message's identity in the inbox. So:
dying before the naming, nothing was committed; dying after it, the next one finds the batch, takes it again, and what was
committed is seen before. The same holds for consumers at the same time: whatever two of them do, it is the same batch, and the order
is kept. `incident-events.taker` only spares all but one of them the work."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from time import sleep
from urllib.parse import parse_qs, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from escalation.local.broker import client_url
from workers.queue_batch import BATCH, EVENTS, REJECTED, Batch, Message, Rejected

TAKING = f"{EVENTS}.taking"
NAME = f"{EVENTS}.taking.batch"
TAKER = f"{EVENTS}.taker"

TURN = 3_000  # milliseconds; after that another consumer goes on
ROOM = 4 * 1024 * 1024  # bytes; a batch ends with the message that goes beyond


@dataclass(frozen=True, slots=True)
class Named:
    """The batch in the making: the bytes of its key, and the bodies that lie there, oldest first."""

    key: bytes
    bodies: list[bytes]

    @property
    def batch(self) -> Batch:
        name, _, count = self.key.decode().partition(" ")
        numbered = enumerate(self.bodies[: int(count)])
        return Batch(self.key.decode(), tuple(Message(body, f"{name}-{i}", f"{name}-{i}") for i, body in numbered))


class RedisSource:
    """Implements `queue_batch.Source`. Connects when first used."""

    def __init__(self, url: str) -> None:
        # No retries behind our back: whoever opened us starts anew, from what Redis says then.
        self._redis = connected(url)
        self._me = secrets.token_hex(8).encode()

    def take(self, seconds: float) -> Batch | None:
        if not self._is_our_turn():
            sleep(seconds)
            return None
        found = self._look()
        if not found.key:
            if not found.bodies and not self._move(seconds):
                return None
            self._name()
            found = self._look()
        return found.batch if found.key else None

    def done(self, batch: Batch, rejected: Sequence[Rejected]) -> None:
        key, notes = batch.name.encode(), [_note(batch.messages[one.number].body, one) for one in rejected]

        def remove(pipe: Pipeline) -> None:
            is_ours = pipe.get(NAME) == key
            pipe.multi()
            if is_ours:  # else another consumer has done it already
                if notes:
                    pipe.lpush(REJECTED, *notes)
                pipe.ltrim(TAKING, 0, -len(batch.messages) - 1)
                pipe.delete(NAME)

        self._redis.transaction(remove, NAME)

    def keep(self) -> None:
        self._is_our_turn()

    def close(self) -> None:
        try:
            if self._redis.get(TAKER) == self._me:
                self._redis.delete(TAKER)
        finally:
            self._redis.close()

    def _is_our_turn(self) -> bool:
        """Not safe against a freeze between two lines, and need not be."""
        if self._redis.set(TAKER, self._me, nx=True, px=TURN):
            return True
        return self._redis.get(TAKER) == self._me and bool(self._redis.pexpire(TAKER, TURN))

    def _look(self) -> Named:
        """Both in one moment: a batch may be done by somebody else, and the next be begun."""
        pipe = self._redis.pipeline()
        pipe.get(NAME)
        pipe.lrange(TAKING, -BATCH, -1)
        key, bodies = pipe.execute()
        return Named(key or b"", bodies[::-1])

    def _move(self, seconds: float) -> bool:
        """Fills the list; False when nothing came."""
        body = self._redis.blmove(EVENTS, TAKING, seconds, "RIGHT", "LEFT")  # type: ignore[arg-type]  # whole seconds, it says
        count = size = 0
        while body is not None:
            count, size = count + 1, size + len(body)
            body = self._redis.lmove(EVENTS, TAKING, "RIGHT", "LEFT") if count < BATCH and size < ROOM else None
        return count > 0

    def _name(self) -> None:
        """Unless somebody else did."""

        def name(pipe: Pipeline) -> None:
            is_named, count = pipe.exists(NAME), min(int(pipe.llen(TAKING)), BATCH)
            pipe.multi()
            if count and not is_named:
                pipe.set(NAME, f"{secrets.token_hex(16)} {count}")

        self._redis.transaction(name, NAME, TAKING)


def connected(url: str) -> Redis:
    """A client in kombu's words for the place: `redis+socket://…?virtual_host=2` is database 2, `CERT_REQUIRED` is `required`."""
    asked = parse_qs(urlsplit(url).query)
    database = asked.get("virtual_host", ["0"])[0].strip("/")
    own = {"db": int(database or 0)} if url.startswith("redis+socket:") else {}
    plain = client_url(url).replace("ssl_cert_reqs=CERT_", "ssl_cert_reqs=")
    # A blocking move waits a second; a server that says nothing for five is frozen.
    return Redis.from_url(plain, socket_timeout=5, socket_connect_timeout=3, retry=Retry(NoBackoff(), 0), **own)


def _note(body: bytes, rejected: Rejected) -> str:
    """What lies in the rejected list: JSON with `reason`, `at`, and `body`, or `body_base64` when it is not UTF-8."""
    try:
        content = {"body": body.decode()}
    except UnicodeDecodeError:
        content = {"body_base64": base64.b64encode(body).decode()}
    return json.dumps({"reason": rejected.reason, "at": rejected.at.isoformat()} | content, ensure_ascii=False)
