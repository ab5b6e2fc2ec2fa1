"""Chromium for tests: one headless browser a test, with every console error collected."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

#: Opens a page in a context of its own; takes what `Browser.new_context` takes.
OpenPage: TypeAlias = Callable[..., Awaitable[Page]]

#: Debian's browser; `playwright install` is not needed.
CHROMIUM = os.environ.get("HANDLEBY_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
#: What a step may take on a busy machine; nothing is asserted about speed.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a browser inside the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


async def new_page(browser: Browser, **options: Any) -> Page:
    """Open a page with its own storage; the browser's language and zone are fixed unless given."""
    settings = {"locale": "en-GB", "timezone_id": "Europe/Copenhagen", "reduced_motion": "reduce"} | options
    context: BrowserContext = await browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


class Complaints(list[str]):
    """Errors that a page wrote to its console, uncaught exceptions and policy violations among them."""

    def watch(self, page: Page) -> None:
        """Collect those of the page."""
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("console", lambda said: self.append(said.text) if said.type == "error" else None)


@pytest.fixture
async def open_page() -> AsyncIterator[OpenPage]:
    """Open pages in one browser; fails the test when a page complained on its console."""
    complaints = Complaints()
    async with chromium() as browser:

        async def open_one(*, tolerant: bool = False, **options: Any) -> Page:
            page = await new_page(browser, **options)
            if not tolerant:
                complaints.watch(page)
            return page

        yield open_one
    assert not complaints, f"the page complained: {list(complaints)}"


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where HANDLEBY_TEST_PICTURES says; do nothing when it says nothing."""
    if folder := os.environ.get("HANDLEBY_TEST_PICTURES"):
        await page.screenshot(path=str(Path(folder) / f"{name}.png"))
