"""What the environment says about this installation: names, keys, and the address that carriers call back. Not the carriers
themselves (`carriers`) and not the YAML file (`paging`)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from escalation.local.checks.finding import Finding, fault, ok, warning
from escalation.local.checks.patient import Patient
from escalation.local.home import secret_key_file
from escalation.settings import strange

SECONDS = 8.0
SHORTEST_KEY = 32
HERE = ("127.0.0.1", "localhost", "::1")


def settings(patient: Patient) -> Iterator[Finding]:
    yield from _secret_key(patient)
    if not patient.settings.console_password:
        yield warning("console", "closed: ESCALATION_CONSOLE_PASSWORD is not set", "set it; links in messages work without it")
    for line in strange(patient.environ):
        yield warning("settings", line, "correct the name: it is ignored as it stands")


def _secret_key(patient: Patient) -> Iterator[Finding]:
    key, file = patient.settings.secret_key, secret_key_file(patient.settings)
    make = 'python3 -c "import secrets; print(secrets.token_hex(32))" makes one; give it to all processes'
    if key and len(key) < SHORTEST_KEY:
        yield warning("secret key", f"short: {len(key)} characters", make)
    elif key:
        yield ok("secret key", "set")
    elif file.exists():
        yield ok("secret key", f"not set; `escalation up` uses the one it keeps in {file}")
    else:
        yield fault("secret key", "ESCALATION_SECRET_KEY is not set: no links, no reply codes", make)


def public_url(patient: Patient) -> Iterator[Finding]:
    """Set, https, and a receiver of ours behind it, asked from here."""
    what, url = "public URL", patient.settings.public_url
    if not url:
        level = fault if patient.system.plivo else warning
        yield level(
            what, "ESCALATION_PUBLIC_URL is not set", "set it to https://… as carriers reach the receiver, see getting started"
        )
        return
    parts = urlsplit(url)
    if parts.path or parts.query:
        yield fault(what, "has a path: no callback's address will fit", "give scheme and host only")
    if parts.scheme != "https":
        local = parts.hostname in HERE
        plain = "http on this machine: only a pretend carrier can call back" if local else "http: anybody on the way reads it"
        yield (warning if local else fault)(what, plain, "put a proxy with a certificate before the receiver, and set https://…")
    yield _answer(what, url, patient.transport)


def _answer(what: str, url: str, transport: httpx.BaseTransport | None) -> Finding:
    try:
        with httpx.Client(timeout=SECONDS, transport=transport, follow_redirects=False) as client:
            answer = client.get(f"{url}/healthz")
    except httpx.HTTPError as error:
        if _is_about_certificates(error):
            return fault(what, "its certificate is not accepted", "renew it, with its whole chain: carriers refuse it too")
        cure = "start the receiver, see DNS and proxy; where this host cannot reach its own public name, ask from another"
        return fault(what, f"no answer ({type(error).__name__})", cure)
    if answer.status_code == 200 and _is_ours(answer):
        return ok(what, "https and answers" if url.startswith("https:") else "answers")
    if answer.status_code in (401, 403, 404):
        cure = "fine if the proxy lets only /plivo/, /slack/, … through; else it leads elsewhere"
        return warning(what, f"/healthz answers {answer.status_code}", cure)
    return fault(what, f"what answers is not the receiver (HTTP {answer.status_code})", "see the proxy: is the receiver running?")


def _is_ours(answer: httpx.Response) -> bool:
    try:
        return bool(answer.json() == {"status": "ok"})
    except ValueError:
        return False


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
