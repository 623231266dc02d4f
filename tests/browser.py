"""A real Chromium that opens pages from disk; it may connect nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.needs import need

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def opened(browser: Browser, path: Path, *, width: int = 1280, height: int = 900, fragment: str = "") -> Iterator[Page]:
    """The page once its script has run; an error or a message of its console fails the test."""
    said: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": height})
    try:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if not request.url.startswith("file:") else None)
        page.goto(path.as_uri() + fragment)
        page.wait_for_selector("html[data-ready]")
        yield page
    finally:
        page.close()
    assert said == []


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; while it is open, asyncio.run cannot be used in this process."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    need("chromium", found, "apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()
