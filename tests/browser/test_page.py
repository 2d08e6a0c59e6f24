"""The Read tab of the real page with the shipped model in a real Chromium."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import EXAMPLES, Visit, bottom


def read_text(page: Page) -> str:
    """Return the text that was read, checked against its strip."""
    expect(page.locator("ol.cl-strip")).to_be_visible()
    text = page.locator(".cl-text input").input_value()
    assert page.locator(".cl-glyph").count() == len(text) > 0
    return text


def test_an_example_is_read_on_a_click_and_fits_on_the_screen(visit: Visit) -> None:
    page = visit.page
    page.locator(".gallery-item").first.click()
    read_text(page)
    for part in ("that the whole text is right", "What the model sees", "Read in"):
        expect(page.get_by_text(part)).to_be_visible()
    expect(page.get_by_role("term").filter(has_text="Model")).to_be_visible()
    assert page.evaluate("window.scrollY") == 0
    assert bottom(page, "ol.cl-strip") <= visit.screen.height, "the result needs scrolling"
    assert visit.fits(), "the page is too wide"
    visit.shoot("page", height=620)


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


def copy_picture(page: Page) -> None:
    """Put an example on the clipboard."""
    data = base64.b64encode(EXAMPLES[2].read_bytes()).decode()
    page.evaluate(
        """async (data) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const picture = new Blob([bytes], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
        }""",
        data,
    )


@pytest.mark.parametrize("how", ["key", "button", "key after the button"])
def test_a_picture_is_pasted(visit: Visit, how: str) -> None:
    page = visit.page
    if how == "key after the button":
        page.evaluate("navigator.clipboard.writeText('no picture')")
        page.get_by_label("Paste from clipboard").click()
        expect(page.locator(".cl-picture input[type=file]")).to_have_count(0)
    copy_picture(page)
    if how == "button":
        page.get_by_label("Paste from clipboard").click()
    else:
        page.keyboard.press("Control+V")
    read_text(page)


def test_a_picture_that_is_pasted_in_another_tab_is_not_read_unseen(visit: Visit) -> None:
    page = visit.page
    copy_picture(page)
    visit.open_tab("Batch")
    expect(page.locator(".cl-picture")).to_be_hidden()
    page.keyboard.press("Control+V")
    page.wait_for_timeout(1000)
    visit.open_tab("Read")
    expect(page.locator(".cl-picture img")).to_have_count(0)


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


def test_the_page_follows_the_systems_light_or_dark(any_visit: Visit) -> None:
    page = any_visit.page
    page.locator(".gallery-item").first.click()
    read_text(page)
    cell = page.locator(".cl-cell .cl-glyph").first
    red, green, blue = page.evaluate(
        "(e) => getComputedStyle(e).color.match(/\\d+/g).slice(0, 3).map(Number)", cell.element_handle()
    )
    dark = any_visit.screen.scheme == "dark"
    assert (red + green + blue > 3 * 150) == dark, "the strip's text has the other mode's colour"


def test_a_script_that_came_in_with_a_text_does_not_run(visit: Visit) -> None:
    page = visit.page
    page.evaluate("""() => {
      const place = document.body.appendChild(document.createElement("div"));
      place.innerHTML = '<img src="/none.png" onerror="window.clEvil = 1">';
      const script = document.createElement("script");
      script.textContent = "window.clEvil = 2";
      place.append(script);
    }""")
    page.wait_for_timeout(300)
    assert page.evaluate("window.clEvil") is None
    # The browser tells of both, and of the picture that is not there.
    assert len([fault for fault in visit.faults if "Content Security Policy" in fault]) == 2
    visit.faults.clear()


def test_back_and_forward_lead_to_the_tabs_before_and_after(visit: Visit) -> None:
    page = visit.page
    page.locator(".gallery-item").first.click()
    expect(page.locator("ol.cl-strip")).to_be_visible()
    for label in ("Batch", "Generate"):
        visit.open_tab(label)
        page.wait_for_url(f"**tab={label.lower()}**")
    page.go_back()
    expect(page.locator(".cl-files")).to_be_visible()
    page.go_back()
    expect(page.locator("ol.cl-strip")).to_be_visible()
    page.go_forward()
    expect(page.locator(".cl-files")).to_be_visible()
    assert "tab=batch" in page.url
