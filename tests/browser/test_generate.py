"""The Generate tab in a real Chromium, with the shipped model."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
from playwright.sync_api import Page, expect

from tests.browser.helpers import Visit
from tests.browser.test_accessibility import violations

PATIENCE = 30_000


def open_tab(visit: Visit) -> None:
    visit.open_tab("Generate")
    page = visit.page
    expect(page.locator(".cl-drawn li").first).to_be_visible(timeout=PATIENCE)


def first_picture(page: Page) -> str:
    return page.locator(".cl-drawn img").first.get_attribute("src") or ""


def test_pictures_are_there_at_once_and_follow_the_controls(visit: Visit) -> None:
    page = visit.page
    open_tab(visit)
    before = first_picture(page)
    page.get_by_label("number input for Turn, in degrees").fill("60")
    page.keyboard.press("Tab")
    expect(page.locator(".cl-drawn img").first).not_to_have_attribute("src", before, timeout=PATIENCE)
    expect(page.get_by_role("radio", name="Medium")).not_to_be_checked(timeout=PATIENCE)
    page.get_by_role("radio", name="Medium").click()
    expect(page.locator(".cl-drawn img").first).to_have_attribute("src", before, timeout=PATIENCE)
    assert visit.fits(), "the page is too wide"
    visit.shoot("generate")


def test_a_link_shows_the_same_pictures_and_readings(visit: Visit) -> None:
    page = visit.page
    open_tab(visit)
    picture = page.locator(".cl-drawn img").first
    for change in (page.get_by_role("radio", name="Plain"), page.get_by_role("button", name="New seed")):
        before = first_picture(page)
        change.click()
        expect(picture).not_to_have_attribute("src", before, timeout=PATIENCE)
    page.get_by_label("Let the model read them").click()
    expect(page.locator(".cl-tally")).to_contain_text(re.compile(r"\d+ of 15 read right"), timeout=PATIENCE)
    expect(page.locator(".cl-said").first).to_contain_text(re.compile("right|wrong"))
    assert violations(visit) == []
    page.wait_for_url(re.compile("(?=.*gen_seed=)(?=.*gen_read=true)(?=.*gen_lines=0)"), timeout=PATIENCE)
    # The sliders of a difficulty arrive one after another; the last drawing has all of them.
    expect(page.get_by_role("radio", name="Plain")).to_be_checked(timeout=PATIENCE)
    seen = first_picture(page)
    page.reload()
    expect(picture).to_have_attribute("src", seen, timeout=PATIENCE)
    expect(page.locator(".cl-tally")).to_be_visible(timeout=PATIENCE)


def test_a_style_brings_its_own_controls_and_what_does_not_fit_is_told(visit: Visit) -> None:
    page = visit.page
    open_tab(visit)
    page.get_by_role("radio", name="All different").click()
    expect(page.get_by_text("How hard to read")).to_be_hidden(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Colours")).to_be_hidden()
    page.get_by_label("number input for Shortest text").fill("12")
    page.keyboard.press("Tab")
    notice = page.get_by_role("alert").filter(has_text="“Shortest text” 12 is above “Longest text” 10")
    expect(notice).to_be_visible(timeout=PATIENCE)


def test_a_file_is_drawn_and_saved(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    open_tab(visit)
    page.get_by_role("button", name="Take them with you").click()
    page.get_by_label("number input for How many pictures").fill("30")
    page.keyboard.press("Tab")
    with page.expect_download(timeout=2 * PATIENCE) as download:
        page.get_by_role("button", name="Draw and download").click()
    download.value.save_as(tmp_path / "x.parquet")
    assert pq.read_metadata(tmp_path / "x.parquet").num_rows == 30
    expect(page.get_by_text("30 pictures of seed 0, captchas.parquet")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("--count 30 --seed 0 --output captchas.parquet")).to_be_visible()
