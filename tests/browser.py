"""A real browser the size of a phone. Only for what needs one (sizes, colours, scripts): what a page says and does, a client without
JavaScript sees faster (`webhooks/receiver.py`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTH, HEIGHT = 360, 740
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--no-proxy-server",
]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@contextmanager
def phone(scheme: str) -> Iterator[tuple[Page, list[str]]]:
    """An empty page in the light or dark scheme, and the errors and warnings that its console will show."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
        complaints: list[str] = []
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        yield page, complaints
        browser.close()
