"""The floor of an answer: a Flask view that returns the bytes a caller would hear, and does nothing else. Served with the shipped
server's flags as `tests.bench.bare_view:app`."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response

ANSWER = "BENCH_ANSWER"

app = Flask(__name__)
document = Path(os.environ[ANSWER]).read_bytes() if ANSWER in os.environ else b""


@app.post("/<path:path>")
def answer(path: str) -> Response:
    return Response(document, 200, content_type="application/xml")


@app.get("/healthz")
def healthz() -> str:
    return "ok"
