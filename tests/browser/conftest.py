"""What the browser tests share: the real page with the shipped models, and a real Chromium that looks at it.

Not part of `make test`, since they need Chromium: `make test-browser`. With WRITE_SCREENSHOT=1 in the environment they
also write the pictures in docs/images, which the README shows.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, expect, sync_playwright

from tests.browser.helpers import DESKTOP, PATIENCE_MS, PHONE_DARK, SCREENS, Screen, Visit, new_context, served

# Keeps Chromium itself from asking its maker for anything, so that what is seen on the wire is the page's.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Start app.py as a user does and return the page's address."""
    with served() as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, started(playwright.chromium) as browser:
        yield browser


@contextmanager
def started(chromium: BrowserType, arguments: Sequence[str] = ()) -> Iterator[Browser]:
    """Start the system's Chromium, with further arguments."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    browser = chromium.launch(executable_path=executable, args=[*QUIET, *arguments])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> dict[Screen, BrowserContext]:
    """Return a context for every screen; its pages share a cache, so that each is there sooner than the first."""
    return {screen: new_context(browser, screen) for screen in SCREENS}


def visited(context: BrowserContext, screen: Screen, address: str) -> Iterator[Visit]:
    visit = Visit(context.new_page(), screen)
    try:
        visit.watch()
        visit.go(address)
        yield visit
        assert not visit.faults
    finally:
        visit.page.close()


@pytest.fixture(params=[DESKTOP, PHONE_DARK], ids=lambda screen: screen.name)
def visit(contexts: dict[Screen, BrowserContext], address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Open the page wide and light, then narrow and dark; afterwards it must have made no fault."""
    yield from visited(contexts[request.param], request.param, address)


@pytest.fixture(params=SCREENS, ids=lambda screen: screen.name)
def any_visit(contexts: dict[Screen, BrowserContext], address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Open the page on every screen, each in light and in dark; afterwards it must have made no fault."""
    yield from visited(contexts[request.param], request.param, address)
