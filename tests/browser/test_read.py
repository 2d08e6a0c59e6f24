"""The Read tab beyond the reading itself: restriction, threshold, alternatives, maps, code, and the links to them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import Visit, bottom


def read_example(page: Page, number: int = 0) -> str:
    """Click an example and return what was read in it."""
    page.locator(".gallery-item").nth(number).click()
    expect(page.locator("ol.cl-strip")).to_be_visible()
    return page.locator(".cl-text input").input_value()


def unfold(page: Page, title: str) -> None:
    page.get_by_role("button", name=title).click()


def choose(page: Page, menu: str, entry: str) -> None:
    page.get_by_label(menu).click()
    page.get_by_role("option", name=entry, exact=True).click()


def address_has(page: Page, name: str, value: str | None) -> None:
    page.wait_for_function("([name, value]) => new URL(location).searchParams.get(name) === value", arg=[name, value])


def test_picture_text_confidence_and_strip_need_no_scrolling(visit: Visit) -> None:
    read_example(visit.page)
    assert visit.page.evaluate("window.scrollY") == 0
    for part in (".cl-model", ".cl-picture", ".cl-text", ".cl-verdict", "ol.cl-strip"):
        assert bottom(visit.page, part) <= visit.screen.height, part
    assert visit.fits()
    # A phone has no room for the data's name; it stands in the open menu, and whole under the result.
    shown, whole, figure = visit.page.evaluate("""() => {
      const menu = document.querySelector(".cl-model input"), style = getComputedStyle(menu);
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = style.font;
      const room = menu.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      return [room, pen.measureText(menu.value).width, pen.measureText(menu.value.split(" on ")[0]).width];
    }""")
    assert (figure if visit.screen.is_phone else whole) <= shown, "the menu's entry is clipped"


def test_a_restriction_is_obeyed_kept_in_the_address_and_opened_again(visit: Visit) -> None:
    page = visit.page
    free = read_example(page)
    unfold(page, "Restrict characters and length")
    page.get_by_role("radio", name="0-9", exact=True).click()
    expect(page.locator(".prose.cl-panel")).to_contain_text("Restricted to: 0-9.")
    expect(page.locator(".cl-text input")).not_to_have_value(free)
    assert page.locator(".cl-text input").input_value().isdigit()
    choose(page, "Most characters", "3")
    expect(page.locator(".prose.cl-panel")).to_contain_text("0-9; at most 3 characters")
    address_has(page, "allow", "digits")
    address_has(page, "longest", "3")
    visit.go(page.url)
    page.wait_for_timeout(1000)
    expect(page.get_by_role("radio", name="0-9", exact=True)).to_be_checked()
    read_example(page)
    expect(page.locator(".prose.cl-panel")).to_contain_text("0-9; at most 3 characters")
    text = page.locator(".cl-text input").input_value()
    assert text.isdigit() and len(text) <= 3
    expect(page.locator(".cl-glyph")).to_have_count(len(text))


def test_where_case_does_not_matter_letters_are_small_and_the_address_keeps_it(visit: Visit) -> None:
    page = visit.page
    free = read_example(page)
    assert free != free.lower()
    unfold(page, "Restrict characters and length")
    page.get_by_label("Case does not matter").check()
    expect(page.locator(".prose.cl-panel")).to_contain_text("Restricted to: case does not matter.")
    expect(page.locator(".cl-text input")).to_have_value(free.lower())
    address_has(page, "anycase", "true")
    visit.go(page.url)
    page.wait_for_timeout(1000)
    assert read_example(page) == free.lower()
    page.get_by_label("Case does not matter").uncheck()
    expect(page.locator(".cl-text input")).to_have_value(free)


def test_another_model_reads_it_again_and_its_address_opens_it(visit: Visit) -> None:
    page = visit.page
    read_example(page)
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name="efficientnet").click()
    expect(page.locator(".cl-details")).to_contain_text("efficientnet@")
    address_has(page, "model", "efficientnet")
    visit.go(page.url)
    expect(page.get_by_label("Model", exact=True)).to_have_value(re.compile("^efficientnet"))
    read_example(page)
    expect(page.locator(".cl-details")).to_contain_text("efficientnet@")


def test_an_impossible_restriction_is_said_in_place_of_the_result(visit: Visit) -> None:
    page = visit.page
    read_example(page)
    unfold(page, "Restrict characters and length")
    page.get_by_role("radio", name="These:").click()
    page.get_by_label("Only these characters").fill("ßµ")
    expect(page.get_by_role("alert").filter(has_text="has not all of the allowed characters")).to_be_visible()
    expect(page.locator(".cl-after")).to_be_hidden()
    address_has(page, "own", "ßµ")
    page.get_by_role("radio", name="Any").click()
    expect(page.locator("ol.cl-strip")).to_be_visible()


def test_the_threshold_decides_what_is_doubtful(visit: Visit) -> None:
    page = visit.page
    text = read_example(page)
    box = page.get_by_label("number input for A character is doubtful below (%)")
    box.fill("100")
    box.press("Enter")
    expect(page.locator(".cl-verdict strong")).to_contain_text("position")
    expect(page.locator(".cl-mark")).to_have_count(len(text))
    address_has(page, "doubt", "100")
    box.fill("0")
    box.press("Enter")
    expect(page.locator(".cl-mark")).to_have_count(0)


def test_alternatives_and_maps_are_shown_on_demand_and_maps_go_with_the_picture(visit: Visit) -> None:
    page = visit.page
    text = read_example(page)
    unfold(page, "The next best readings")
    expect(page.locator(".cl-table tbody tr")).to_have_count(len(text))
    unfold(page, "Where the model looks")
    page.get_by_role("button", name="Show a map").click()
    expect(page.locator(".cl-maps figure")).to_have_count(len(text), timeout=120_000)
    expect(page.get_by_text("Approximate:")).to_be_visible()
    assert visit.fits()
    visit.shoot("maps", 800)
    other = read_example(page, 1)
    expect(page.locator(".cl-text input")).not_to_have_value(text)
    expect(page.locator(".cl-maps")).to_have_count(0)
    assert other


@pytest.mark.parametrize(("name", "expected"), [("curl", "curl -s http://127.0.0.1:"), ("Command line", "--length 4-")])
def test_the_code_follows_the_settings(visit: Visit, name: str, expected: str) -> None:
    page = visit.page
    unfold(page, "Restrict characters and length")
    choose(page, "Fewest characters", "4")
    unfold(page, "The same from a program")
    page.get_by_role("tab", name=name).last.click()
    expect(page.get_by_label(f"{name}: the settings above")).to_have_value(re.compile(expected))
