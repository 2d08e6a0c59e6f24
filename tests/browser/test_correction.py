"""Correcting a reading on a page whose owner wants that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from captcha_core.corrections import SOURCE
from captcha_core.data.load import load_data
from captcha_core.ui.correction import FOLDER_VARIABLE, NOTICE
from tests.browser.helpers import EXAMPLES, Visit, served
from tests.browser.test_accessibility import violations


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corrections")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Serve a page that keeps corrections, in place of the one that all other tests share."""
    with served(**{FOLDER_VARIABLE: str(folder)}) as address:
        yield address


def test_a_wrong_reading_is_put_right(visit: Visit, folder: Path) -> None:
    page = visit.page
    box = page.get_by_label("Read wrong? It says …")
    expect(box).to_be_hidden()
    page.locator(".gallery-item").first.click()
    expect(box).to_have_value(EXAMPLES[0].stem)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    said = page.get_by_role("status")
    box.press("Enter")
    expect(said.filter(has_text="change it where it is wrong")).to_be_visible()
    correction = f"{EXAMPLES[0].stem}X{visit.screen.name[0]}"
    box.fill(correction)
    page.get_by_role("button", name="Send").click()
    expect(said.filter(has_text="Thank you")).to_be_visible()
    [kept] = load_data([folder])
    assert (kept.label, kept.source) == (correction, SOURCE)
    assert violations(visit) == [] and visit.fits()
    # The next reading begins anew.
    page.locator(".gallery-item").nth(1).click()
    expect(box).to_have_value(EXAMPLES[1].stem)
    expect(said.filter(has_text="Thank you")).to_have_count(0)
