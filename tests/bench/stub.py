"""A carrier that takes everything at once: answers as Plivo does (201 with a request_uuid, 202 with a message_uuid), and as Slack does, and remembers
when each request arrived and for which number. A process of its own: `python -m tests.bench.stub PORT`. As little code as possible, since it shares the
machine with what is measured. It never calls back."""

from __future__ import annotations

import asyncio
import json
import sys
import time

HOST = "127.0.0.1"
SLACK_TAKES = 0.2  # seconds, as it does
HEAD_ENDS = b"\r\n\r\n"


class Arrivals:
    """(monotonic nanoseconds, number, answer URL) of each call and (nanoseconds, number) of each text, (nanoseconds, method) of each
    message to Slack, in the order of their coming."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, str, str]] = []
        self.texts: list[tuple[int, str]] = []
        self.posts: list[tuple[int, str]] = []
        self.waiting: list[tuple[int, Link]] = []

    def add(self, call: tuple[int, str, str]) -> None:
        self.calls.append(call)
        self.tell()

    def tell(self) -> None:
        for wanted, link in [w for w in self.waiting if len(self.calls) >= w[0]]:
            self.waiting.remove((wanted, link))
            link.answer(200, json.dumps(self.calls[-1] if wanted else []).encode())


class Link(asyncio.Protocol):
    """One connection, kept as long as the peer likes."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, rest = self._read.partition(HEAD_ENDS)
        length = _length(head)
        if end and len(rest) >= length:
            self._read = rest[length:]
            self._take(time.monotonic_ns(), head, rest[:length])

    def _take(self, now: int, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if path.startswith(b"/_"):
            self._tell(path)
        elif method == b"POST":
            self._carry(now, path, body)
        else:
            self.answer(204 if method == b"DELETE" else 200, b"" if method == b"DELETE" else b"{}")

    def _carry(self, now: int, path: bytes, body: bytes) -> None:
        """What a carrier is asked to do."""
        if path.endswith(b"/Call/"):
            said = json.loads(body)
            self._arrivals.add((now, said["to"], said.get("answer_url", "")))
            self.answer(201, b'{"api_id":"a","message":"call fired","request_uuid":"%d"}' % now)
        elif path.endswith(b"/Message/"):
            self._arrivals.texts.append((now, json.loads(body)["dst"]))
            self.answer(202, b'{"api_id":"a","message":"message(s) queued","message_uuid":["%d"]}' % now)
        elif path.endswith((b"/chat.postMessage", b"/chat.update")):
            self._arrivals.posts.append((now, path[path.rindex(b".") + 1 :].decode()))
            answer = b'{"ok":true,"channel":"C1","ts":"%d.1"}' % now
            asyncio.get_running_loop().call_later(SLACK_TAKES, self.answer, 200, answer)
        else:
            self.answer(200, b"{}")

    def _tell(self, path: bytes) -> None:
        """What a measurement asks."""
        seen = {b"/_calls": self._arrivals.calls, b"/_texts": self._arrivals.texts, b"/_posts": self._arrivals.posts}
        if path.startswith(b"/_wait/"):  # answered when so many calls have come
            self._arrivals.waiting.append((int(path[7:]), self))
            self._arrivals.tell()
            return
        if path == b"/_forget":
            for each in seen.values():
                each.clear()
        self.answer(200, json.dumps(seen.get(path, [])).encode())

    def answer(self, status: int, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
        )


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def serve(port: int) -> None:
    arrivals = Arrivals()
    server = await asyncio.get_running_loop().create_server(lambda: Link(arrivals), HOST, port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
