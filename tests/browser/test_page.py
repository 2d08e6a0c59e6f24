"""The real page with the shipped model in a real Chromium: `make test-browser`.

Not part of `make test`: it needs Chromium, either on the PATH or from `playwright install chromium`. With
WRITE_SCREENSHOT=1 in the environment it also writes docs/images/page.png, which the README shows.
"""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "captcha_core" / "ui" / "examples").glob("*.png"))
SCREENSHOT = ROOT / "docs" / "images" / "page.png"

DESKTOP = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
# Keeps Chromium itself from asking its maker for anything, so that what is seen on the wire is the page's.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Visit:
    """An open page and what it did wrong."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.faults.append(f"another host: {request.url}")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Start app.py as a user does and return the page's address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=ROOT)
    try:
        wait_until_served(f"http://127.0.0.1:{port}/config", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_until_served(address: str, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            urllib.request.urlopen(address).close()
            return
        except urllib.error.URLError:
            time.sleep(0.2)
    raise AssertionError("the page did not start")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visit]:
    """Open the page in light and narrow or wide; afterwards it must have made no fault."""
    context = browser.new_context(
        viewport=request.param, color_scheme="light", permissions=["clipboard-read", "clipboard-write"]
    )
    visit = Visit(context.new_page())
    visit.page.on("console", visit.on_console)
    visit.page.on("pageerror", lambda error: visit.faults.append(f"script: {error}"))
    visit.page.on("request", visit.on_request)
    visit.page.goto(address)
    expect(visit.page.get_by_text("appear here")).to_be_visible()
    yield visit
    assert not visit.faults
    context.close()


def read_text(page: Page) -> str:
    """Return the text that was read, checked against its strip."""
    expect(page.locator("ol.cl-strip")).to_be_visible()
    text = page.locator(".cl-text input").input_value()
    assert page.locator(".cl-glyph").count() == len(text) > 0
    return text


def bottom(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_an_example_is_read_on_a_click_and_fits_on_the_screen(visit: Visit) -> None:
    page = visit.page
    page.locator(".gallery-item").first.click()
    read_text(page)
    for part in ("that the whole text is right", "What the model sees", "Read in"):
        expect(page.get_by_text(part)).to_be_visible()
    expect(page.get_by_role("term").filter(has_text="Model")).to_be_visible()
    size = page.viewport_size
    assert size is not None
    assert page.evaluate("window.scrollY") == 0
    assert bottom(page, "ol.cl-strip") <= size["height"], "the result needs scrolling"
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "the page is too wide"
    if size == DESKTOP and os.environ.get("WRITE_SCREENSHOT"):
        page.evaluate("document.activeElement.blur()")
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)
        SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOT, clip={"x": 160, "y": 0, "width": 960, "height": 620})


def test_every_example_is_read_right(visit: Visit) -> None:
    for number, example in enumerate(EXAMPLES):
        visit.page.locator(".gallery-item").nth(number).click()
        expect(visit.page.locator(".cl-text input")).to_have_value(example.stem)


def test_an_upload_is_read_copied_and_cleared(visit: Visit) -> None:
    page = visit.page
    page.locator("input[type=file]").set_input_files(EXAMPLES[1])
    text = read_text(page)
    page.get_by_label("Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == text
    page.get_by_label("Remove Image").click()
    expect(page.get_by_text("appear here")).to_be_visible()
    expect(page.locator(".cl-text input")).to_have_value("")


@pytest.mark.parametrize("how", ["key", "button"])
def test_a_picture_is_pasted(visit: Visit, how: str) -> None:
    page = visit.page
    data = base64.b64encode(EXAMPLES[2].read_bytes()).decode()
    page.evaluate(
        """async (data) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const picture = new Blob([bytes], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
        }""",
        data,
    )
    if how == "key":
        page.keyboard.press("Control+V")
    else:
        page.get_by_label("Paste from clipboard").click()
    read_text(page)


def test_a_bad_file_gives_one_sentence_in_place_of_the_result(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    page.locator(".gallery-item").first.click()
    read_text(page)
    bad = tmp_path / "<b>bad.png"
    bad.write_text("this is no picture")
    page.locator("input[type=file]").set_input_files(bad)
    notice = page.get_by_role("alert").filter(has_text="is not a readable image")
    expect(notice).to_contain_text("<b>bad.png")
    expect(page.locator("ol.cl-strip")).to_have_count(0)
    expect(page.locator(".cl-picture img")).to_have_count(0)
    expect(page.locator(".cl-text input")).to_have_value("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_systems_light_or_dark(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(viewport=DESKTOP, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    page.locator(".gallery-item").first.click()
    read_text(page)
    cell = page.locator(".cl-cell .cl-glyph").first
    red, green, blue = page.evaluate(
        "(e) => getComputedStyle(e).color.match(/\\d+/g).slice(0, 3).map(Number)", cell.element_handle()
    )
    assert (red + green + blue > 3 * 150) == (scheme == "dark"), "the strip's text has the other mode's colour"
    context.close()
