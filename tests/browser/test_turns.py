"""Sets on a page that takes its time: who waits sees it, and a later set takes the place of the one before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.helpers import DESKTOP, ROOT, Visit, new_context
from tests.helpers import png_bytes
from tests.serving import free_port, serving
from tests.ui.helpers import grey_picture

WAITS = "Waiting for its turn"
# Long enough that nothing of it ends by itself while somebody looks.
MANY = 200
INPUTS = {"Batch": ".cl-files", "Compare": ".cl-compare-files", "Teach": ".cl-teach-files"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve a page that takes half a second for each picture of a set."""
    command = [sys.executable, "-m", "tests.ui.served", str(port := free_port())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAPTCHA_LAB_TEST_SECONDS", "0.5")
        with serving(command, port, cwd=ROOT) as address:
            yield address.rstrip("/")


@pytest.fixture
def other(browser: Browser, address: str) -> Iterator[Visit]:
    """Return the page of somebody else."""
    context = new_context(browser, DESKTOP)
    visit = Visit(context.new_page(), DESKTOP)
    visit.go(address)
    yield visit
    context.close()


def pictures(folder: Path, text: str, count: int) -> list[Path]:
    paths = [folder / f"{text}_{number}.png" for number in range(count)]
    for path in paths:
        path.write_bytes(png_bytes(grey_picture(text)))
    return paths


def send(visit: Visit, tab: str, files: list[Path]) -> None:
    visit.open_tab(tab)
    clear = visit.page.locator(INPUTS[tab]).get_by_label("Clear")
    if clear.is_visible():
        clear.click()
    visit.page.locator(f"{INPUTS[tab]} input[type=file]").set_input_files(files)


@pytest.mark.parametrize("tab", INPUTS)
def test_who_waits_sees_it_and_may_leave_it(visit: Visit, other: Visit, tmp_path: Path, tab: str) -> None:
    many, one = pictures(tmp_path, "ABCD", MANY), pictures(tmp_path, "DCBA", 1)
    send(other, "Batch", many)
    expect(other.page.get_by_label("Reading")).to_be_visible()
    send(visit, tab, one)
    expect(visit.page.get_by_text(WAITS)).to_be_visible()
    visit.page.get_by_role("button", name="Stop").filter(visible=True).click()
    expect(visit.page.get_by_text("Stopped; nothing was read.")).to_be_visible()
    send(visit, tab, one)
    expect(visit.page.get_by_text(WAITS)).to_be_visible()
    other.page.get_by_role("button", name="Stop").filter(visible=True).click()
    expect(other.page.get_by_text("Reading stopped as you asked")).to_be_visible()
    expect(visit.page.get_by_text(WAITS)).to_be_hidden()
    shown = {"Batch": ".cl-readings table", "Compare": ".cl-compared", "Teach": ".cl-teach-summary .cl-summary"}[tab]
    expect(visit.page.locator(shown)).to_be_visible()


def test_a_later_set_takes_the_place_of_the_one_that_is_read(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    send(visit, "Batch", pictures(tmp_path, "ABCD", MANY))
    expect(page.get_by_label("Reading")).to_be_visible()
    send(visit, "Batch", pictures(tmp_path, "DCBA", 2))
    expect(page.locator(".cl-summary")).to_contain_text("2 of 2 pictures read")
    expect(page.locator(".cl-readings tbody tr")).to_have_count(2)
    expect(page.locator(".cl-readings .cl-file").first).to_have_text("DCBA_0.png")
    expect(page.get_by_role("button", name="Stop").filter(visible=True)).to_have_count(0)
