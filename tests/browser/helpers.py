"""An open page, what a person does with it, and what it must not do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.serving import free_port, serving

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "captcha_core" / "ui" / "examples").glob("*.png"))
IMAGES = ROOT / "docs" / "images"

# Generous, since other work may have the processor; a page that is quick waits for none of it.
PATIENCE_MS = 30_000


@contextmanager
def served(**environment: str) -> Iterator[str]:
    """Run app.py, with these environment variables too, and yield the page's address.

    Raises:
        AssertionError: If it does not start.
    """
    command = [sys.executable, "app.py", "--port", str(port := free_port())]
    with serving(command, port, cwd=ROOT, env={**os.environ, **environment}) as address:
        yield address.rstrip("/")


@dataclass(frozen=True)
class Screen:
    """What somebody looks at the page with.

    Attributes:
        name: Its name in the tests' ids.
        width: In pixels, as the height.
        height: What is visible without scrolling.
        scheme: "light" or "dark".
    """

    name: str
    width: int
    height: int
    scheme: str

    @property
    def is_phone(self) -> bool:
        """Whether it is narrow."""
        return self.width < 700


DESKTOP = Screen("desktop-light", 1280, 800, "light")
DESKTOP_DARK = Screen("desktop-dark", 1280, 800, "dark")
PHONE = Screen("phone-light", 390, 844, "light")
PHONE_DARK = Screen("phone-dark", 390, 844, "dark")
SCREENS = (DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK)


@dataclass
class Visit:
    """An open page and what it did wrong.

    Attributes:
        page: The page in the browser.
        screen: What it is looked at with.
        faults: Errors in the console and requests to other hosts, in the order in which they came.
    """

    page: Page
    screen: Screen
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Write down faults from now on."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._on_request)

    def go(self, address: str) -> None:
        """Open an address of the page and wait until it can be used."""
        self.page.goto(address)
        expect(self.page.locator(".cl-head h1")).to_be_visible()
        expect(self.page.get_by_role("tab").first).to_be_visible()

    def open_tab(self, label: str) -> None:
        """Choose a tab by its label; those that a phone has no room for are in a menu."""
        if not self._click_tab(label):
            self.page.locator(".overflow-menu > button").first.click()
            self.page.locator(".overflow-dropdown").get_by_text(label, exact=True).first.click()

    def fits(self) -> bool:
        """Return whether nothing is wider than the screen."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth") <= self.screen.width)

    def shoot(self, name: str, height: int | None = None) -> None:
        """Write docs/images/NAME.png, the page's middle, if WRITE_SCREENSHOT is set; from one screen only.

        Args:
            name: Of the file, without its ending.
            height: How much of the page to show, in pixels; all that is visible without scrolling if not given.
        """
        if self.screen != DESKTOP or not os.environ.get("WRITE_SCREENSHOT"):
            return
        self.page.evaluate("document.activeElement.blur()")
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(500)
        IMAGES.mkdir(parents=True, exist_ok=True)
        clip: Any = {"x": 160, "y": 0, "width": 960, "height": height or self.screen.height}
        self.page.screenshot(path=IMAGES / f"{name}.png", clip=clip, full_page=True)

    def _click_tab(self, label: str) -> bool:
        tab = self.page.get_by_role("tab", name=label, exact=True)
        # Gradio measures the tabs in a hidden copy of their row, which has the same roles.
        for candidate in tab.all():
            if candidate.is_visible():
                candidate.click()
                return True
        return False

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.faults.append(f"another host: {request.url}")


def new_context(browser: Browser, screen: Screen) -> BrowserContext:
    """Return a browser of its own, with an empty cache, that is looked at through the screen."""
    context = browser.new_context(
        viewport={"width": screen.width, "height": screen.height},
        color_scheme="dark" if screen.scheme == "dark" else "light",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


def bottom(page: Page, selector: str) -> float:
    """Return where the first such element ends, in pixels from the top of what is visible."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["y"] + box["height"]
