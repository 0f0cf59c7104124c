"""The console: pages for people, made on the server, that work without JavaScript: what is open, one incident, what to do about
it. Not the rules (the machine's) and not the command line."""

from __future__ import annotations

from webhooks.console.views import blueprint

__all__ = ["blueprint"]
