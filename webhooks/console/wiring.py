"""What the console needs of the application around it: session cookies, CSRF, template filters. Not addresses."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import redirect, url_for
from flask.sansio.app import App
from flask_wtf.csrf import CSRFProtect

from escalation.settings import Settings
from webhooks.console import story

STYLE = Path(__file__).parent / "static" / "console.css"


def set_up(app: App, settings: Settings) -> None:
    """Once per application, when the console's blueprint is registered."""
    app.config.update(
        SESSION_COOKIE_NAME="escalation",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=urlsplit(settings.public_url).scheme == "https",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_CHECK_DEFAULT=False,  # monitoring tools and carriers post too; they have keys and signatures
        WTF_CSRF_TIME_LIMIT=None,  # a page left open all night must still acknowledge
        WTF_CSRF_SSL_STRICT=False,  # wants a Referer, and we tell browsers to send none
    )
    csrf = CSRFProtect(app)
    app.before_request_funcs.setdefault("console", []).append(csrf.protect)
    app.add_template_filter(story.clock, "clock")
    app.add_template_filter(story.local, "local")
    app.add_template_filter(story.day, "day")
    app.add_template_filter(story.shorten, "shorten")
    app.add_template_filter(datetime.isoformat, "iso")
    style = hashlib.sha256(STYLE.read_bytes()).hexdigest()[:8]
    app.context_processor(lambda: {"style": style})
    app.add_url_rule("/", "home", lambda: redirect(url_for("console.incidents"), 303))
