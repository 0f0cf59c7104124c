"""Pages that say no, each with what to do about it. Not the decision to say it (the views', or CSRF's)."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Forbidden, HTTPException, NotFound

from escalation.errors import StoreUnavailable, Unreadable
from escalation.settings import Settings

_EXPIRED = [
    "This link is not valid, or no longer: links end after a day.",
    "Use the newest message about the incident, answer the call or the text, or log in to the console.",
]


def closed(settings: Settings) -> ResponseReturnValue | None:
    """None when the console can be entered; else which settings are missing."""
    needed = {"ESCALATION_CONSOLE_PASSWORD": settings.console_password, "ESCALATION_SECRET_KEY": settings.secret_key}
    missing = " and ".join(name for name, value in needed.items() if not value)
    if not missing:
        return None
    lines = [f"Set {missing} and start the receiver again to open it.", "Signed links in messages work without the password."]
    return render_template("console/message.html", title="The console is closed", lines=lines), 403


def refused(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, CSRFError):
        title, lines = (
            "Nothing was done",
            ["This form is too old, or cookies are off. Open the incident again and press once more."],
        )
    elif isinstance(error, Forbidden):
        title, lines = "This link does not work", _EXPIRED
    elif isinstance(error, NotFound):
        title, lines = "There is no such incident", ["It may have been a slip in the address."]
    else:
        title, lines = error.name, [error.description or ""]
    return render_template("console/message.html", title=title, lines=lines, **_way_back()), error.code or 500


def away(_error: StoreUnavailable) -> ResponseReturnValue:
    lines = ["The database is away or busy, so nothing was changed and nothing can be shown.", "Try again in a few seconds."]
    page = render_template("console/message.html", title="This could not be done", lines=lines, **_way_back())
    return page, 503, {"Retry-After": "5"}


def unreadable(_error: Unreadable) -> ResponseReturnValue:
    lines = [
        "Another release wrote this incident, or it is damaged. Nothing was changed.",
        "`escalation audit` names such incidents.",
    ]
    return render_template("console/message.html", title="This release cannot read it", lines=lines, **_way_back()), 500


def _way_back() -> dict[str, str]:
    """Where somebody can go on: the incident the address names, by the link they came with."""
    incident_id, token = (request.view_args or {}).get("incident_id"), request.values.get("k")
    if not incident_id or request.method != "POST":
        return {"back": url_for("console.incidents"), "back_text": "All open incidents"}
    return {"back": url_for("console.incident", incident_id=incident_id, k=token), "back_text": f"Back to INC-{incident_id}"}
