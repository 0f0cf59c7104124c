"""What every request passes on its way in and every answer on its way out: a body limit, bodies that cannot be read, security
headers, keys and link tokens masked before anybody logs the address, and errors turned into answers. Not routes, not
authentication."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable, MutableMapping
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from escalation.errors import StoreUnavailable
from escalation.intake.reading import MAX_BODY

if TYPE_CHECKING:  # exists for type checkers only
    from _typeshed.wsgi import StartResponse, WSGIApplication

log = logging.getLogger(__name__)

RETRY_AFTER = 5  # seconds; Alertmanager retries a 503 within one of its own accord
MASK = "***"

_PATH = re.compile(r"(/intake/+[^/]+/+|/calendar/+)[^/].*", re.DOTALL)
_QUERY = re.compile(r"(^|[?&;])([^?&;=\s]+)=[^&;\s]*")
SECRETS = frozenset({"k", "key", "token", "access_token"})

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def masked(address: str) -> str:
    """A path, query or URL with intake keys, calendars' and links' tokens taken out."""
    return _QUERY.sub(_hidden, _PATH.sub(rf"\1{MASK}", address))


def _hidden(found: re.Match[str]) -> str:
    """By the name as whoever reads the query will decode it: `%6b` is a `k`."""
    is_secret = unquote_plus(found[2]).lower() in SECRETS
    return f"{found[1]}{found[2]}={MASK}" if is_secret else found[0]


class MaskedAddress:
    """Wraps the application: once a request was answered its environment, which gunicorn's access log reads, holds no secret.

    A logger class of gunicorn's would do the same only where somebody remembered to configure it."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._application(environ, start_response)
        finally:
            _mask(environ)


class ReadableBody:
    """Wraps the application: a body that breaks off, or whose chunks are none, is a sender who went away (400), not our fault.
    The server has exceptions of its own for that, one of each server's; werkzeug understands an OSError."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"] = _Body(environ["wsgi.input"])
        return self._application(environ, start_response)


class _Body:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except Exception as error:
            raise OSError(type(error).__name__) from None


def _mask(environ: MutableMapping[str, Any]) -> None:
    path, query = str(environ.get("PATH_INFO", "")), str(environ.get("QUERY_STRING", ""))
    environ["PATH_INFO"], environ["QUERY_STRING"] = _PATH.sub(rf"\1{MASK}", path), masked(query)
    # Rebuilt from the decoded path: an escaped spelling of the address (`/%69ntake/…`) must not get past the mask.
    raw = quote(environ["PATH_INFO"], safe="/*:@!$'(),;=+~") + (f"?{masked(query)}" if query else "")
    for name in ("RAW_URI", "REQUEST_URI"):
        if name in environ:
            environ[name] = raw
    if "HTTP_REFERER" in environ:
        environ["HTTP_REFERER"] = masked(str(environ["HTTP_REFERER"]))


def install(app: Flask) -> None:
    """Puts the guard around an application; call it once, before the first request."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
    app.url_map.strict_slashes = False  # never a redirect: some senders turn a redirected POST into a GET, some give up
    app.url_map.merge_slashes = False
    app.wsgi_app = MaskedAddress(ReadableBody(app.wsgi_app))  # type: ignore[method-assign]
    app.after_request(_with_headers)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(StoreUnavailable, _away)
    app.register_error_handler(Exception, _broken)
    # Flask's own would write the address, which may hold a key, and the exception's text, which may hold anything.
    app.log_exception = _log_exception  # type: ignore[method-assign, assignment]


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not (request.endpoint or "").endswith("static"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _refused(error: HTTPException) -> ResponseReturnValue:
    words = {413: f"The body is longer than {MAX_BODY} bytes.", 404: "There is nothing at this address."}
    code = error.code or 500
    answer = jsonify(status="error", message=words.get(code, error.description or error.name))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value
    return answer, code


def _away(_error: StoreUnavailable) -> ResponseReturnValue:
    """503, not 429: Alertmanager's webhook retries only the first."""
    answer = jsonify(status="unavailable", message="Nothing was stored: the database is away or busy. Send it again.")
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer, 503


def _broken(error: Exception) -> ResponseReturnValue:
    _log(error)
    return jsonify(status="error", message="Something is broken here; it was logged. Send it again."), 500


def _log_exception(raised: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
    if raised[1] is not None:
        _log(raised[1])


def _log(error: BaseException) -> None:
    """Ours. Without the exception's text, which may hold what the sender sent, and without the address."""
    where = "".join(traceback.format_tb(error.__traceback__, limit=-4))
    log.error("%s in %s\n%s", type(error).__name__, request.endpoint, where)
