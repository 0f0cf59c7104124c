"""The receiver on a real engine and a SQLite file, a clock moved by hand, and a browser without JavaScript. Starts no process."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from escalation.build import System, build
from escalation.domain.links import token
from escalation.domain.policy import Service, Site
from escalation.settings import Settings
from escalation.store.schema import migrate
from tests import builders
from webhooks.app import create_app

PASSWORD, SECRET, PUBLIC_URL = "correct horse", "s" * 40, "https://pager.test"


@dataclass
class HandClock:
    time: datetime = builders.NIGHT

    def now(self) -> datetime:
        return self.time

    def after(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass
class Browser:
    """A person's browser without JavaScript: keeps cookies, fills in the forms it was shown, follows the answer to a form."""

    client: FlaskClient
    page: TestResponse | None = None
    at: str = ""

    def open(self, path: str) -> TestResponse:
        self.at, self.page = path, self.client.get(path, base_url=PUBLIC_URL)
        while self.page.status_code in (302, 303):
            self.at = self.page.headers["Location"]
            self.page = self.client.get(self.at, base_url=PUBLIC_URL)
        return self.page

    @property
    def text(self) -> str:
        assert self.page is not None
        return self.page.get_data(as_text=True)

    def fields(self, action: str) -> dict[str, str]:
        """The hidden fields of the form that posts there."""
        form = next(f for f in re.findall(r"<form.*?</form>", self.text, re.DOTALL) if f'action="{action}"' in f)
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))

    def send(self, action: str, **typed: str) -> TestResponse:
        """Presses the button of a form; afterwards the browser is where the answer led."""
        answer = self.client.post(action, data=self.fields(action) | typed, base_url=PUBLIC_URL)
        self.page = answer
        if answer.status_code == 303:
            self.open(answer.headers["Location"])
        return answer


@dataclass
class Receiver:
    system: System
    clock: HandClock
    app: Flask = field(init=False)
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.system)
        self.client = self.app.test_client()

    def browser(self) -> Browser:
        return Browser(self.app.test_client())

    def logged_in(self) -> Browser:
        browser = self.browser()
        browser.open("/incidents/login")
        browser.send("/incidents/login", password=PASSWORD)
        return browser

    def trouble(self, summary: str = "db-1 is down", **values: object) -> int:
        (taken,) = self.system.engine.take([builders.alert(summary, **values)])
        assert taken.incident_id is not None
        return taken.incident_id

    def link(self, incident_id: int, page: int = 1, lasts: timedelta = timedelta(hours=1)) -> str:
        return f"/incidents/{incident_id}?k={token(SECRET, incident_id, page, self.clock.now() + lasts)}"

    def story(self, incident_id: int) -> str:
        return "\n".join(told.entry.text for told in self.system.queries.timeline(incident_id))

    def status(self, incident_id: int) -> str:
        view = self.system.queries.incident(incident_id)
        assert view is not None
        return view.incident.status.value


def receiver(folder: Path, *, configured: bool = True, **settings: object) -> Receiver:
    """A receiver with a migrated database, and the small world of the builders in it when `configured`."""
    chosen = Settings(data_dir=folder, public_url=PUBLIC_URL, secret_key=SECRET, console_password=PASSWORD)
    chosen = replace(chosen, **settings)  # type: ignore[arg-type]
    migrate(chosen.sql_url)
    clock = HandClock()
    system = build(chosen, clock=clock)
    if configured:
        with system.store.transaction() as tx:
            tx.apply(site(), "services: …")
    return Receiver(system, clock)


def site() -> Site:
    """The builders' site, its service with a second key as a tool would have it."""
    plain = builders.site()
    return replace(
        plain, services={"payments": Service("payments", (builders.KEY, "0123456789abcdef0123456789abcdef"), "default")}
    )


def without_database(folder: Path) -> Receiver:
    """A receiver whose database cannot be reached: a folder lies where the file should be."""
    folder.mkdir(exist_ok=True)
    settings = Settings(database_url=f"sqlite:///{folder}", public_url=PUBLIC_URL, secret_key=SECRET, console_password=PASSWORD)
    clock = HandClock()
    return Receiver(build(settings, clock=clock), clock)


def press(browser: Browser, incident_id: int, act: str) -> int:
    """A button of an incident's page."""
    return browser.send(f"/incidents/{incident_id}/{act}").status_code
