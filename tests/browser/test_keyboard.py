"""The page without a mouse: Tab stops at everything that can be used, in the order in which it is seen."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import PATIENCE_MS, Visit

MOST_STOPS = 120
# Things in one row differ this much in height, in pixels.
ROW = 60

# What has the focus, or null past the end of the page: its name, its place and whether it shows that it has it.
FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body || element.closest("footer")) return null;
  const box = element.getBoundingClientRect();
  const labels = [...(element.labels || [])].map(label => label.innerText);
  const name = [element.getAttribute("aria-label"), ...labels, element.innerText, element.title].find(Boolean) || "";
  const look = () => {
    let all = "";
    for (let part = element, n = 0; part && n < 5; part = part.parentElement, n += 1) {
      const style = getComputedStyle(part);
      all += [style.outline, style.boxShadow, style.borderColor, style.backgroundColor].join(";");
    }
    return all;
  };
  const focused = look();
  element.blur();
  const blurred = look();
  element.focus();
  return {
    name: name.trim().slice(0, 60),
    html: element.outerHTML.slice(0, 120),
    shows: focused !== blurred,
    seen: box.width > 0 && box.height > 0,
    y: Math.round(box.y + scrollY),
  };
}"""


def stops(page: Page) -> list[dict[str, Any]]:
    """Return everything that Tab stops at, from the top of the page to its footer."""
    # Tab goes on from what was clicked.
    page.locator("h1").first.click()
    found: list[dict[str, Any]] = []
    while (stop := next_stop(page)) is not None:
        found.append(stop)
        assert len(found) < MOST_STOPS, f"Tab does not come to the footer: {found[-3:]}"
    return found


def next_stop(page: Page) -> dict[str, Any] | None:
    page.keyboard.press("Tab")
    # A change of colours takes a moment.
    page.wait_for_timeout(30)
    stop: dict[str, Any] | None = page.evaluate(FOCUSED)
    return stop


@pytest.mark.parametrize("tab", ["Read", "Batch", "Generate", "How strong is it?", "Compare", "Teach", "About"])
def test_tab_stops_at_what_is_seen_and_named_from_top_to_bottom(visit: Visit, tab: str) -> None:
    visit.open_tab(tab)
    visit.page.wait_for_timeout(300)
    found = stops(visit.page)
    assert len(found) > 4
    assert [stop for stop in found if not stop["name"]] == [], "without a name"
    assert [stop for stop in found if not stop["seen"]] == [], "not seen"
    assert [stop for stop in found if not stop["shows"]] == [], "no sign of the focus"
    if visit.screen.is_phone:
        # Side by side, what is seen first is a matter of taste.
        jumps = [(a, b) for a, b in zip(found, found[1:], strict=False) if b["y"] < a["y"] - ROW]
        assert jumps == [], "back up"


def test_a_picture_is_read_without_a_mouse(visit: Visit) -> None:
    page = visit.page
    while (stop := next_stop(page)) is not None and stop["name"] != "Example 1":
        pass
    assert stop is not None, "Tab never comes to the first example"
    page.keyboard.press("Enter")
    expect(page.locator(".cl-verdict")).to_be_visible(timeout=PATIENCE_MS)
