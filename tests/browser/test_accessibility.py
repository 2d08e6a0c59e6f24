"""axe-core finds nothing serious on any tab, and no tab is wider than its screen.

https://github.com/dequelabs/axe-core (MPL-2.0) is installed by `make test-browser` and not part of this project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from captcha_core.ui.blocks import TABS
from tests.browser.helpers import Visit

AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
BAD = ("serious", "critical")

# What Gradio 6.31 itself does wrong and the page cannot mend: (rule, part of the element's selector, reason).
GRADIO = (
    ("nested-interactive", "common.upload", "the button to send other files, in gr.File with files, holds its input"),
)


def violations(visit: Visit) -> list[str]:
    """Return every serious violation on the page as it is now, one line each."""
    # What has just come is still being faded in, and pale as long.
    visit.page.wait_for_timeout(700)
    if not visit.page.evaluate("'axe' in window"):
        # The page's content security policy lets no script tag in.
        visit.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = visit.page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:200]}"
        for violation in found["violations"]
        if violation["impact"] in BAD
        for node in violation["nodes"]
        if not any(rule == violation["id"] and part in str(node["target"]) for rule, part, _ in GRADIO)
    ]


HREFS = "(links) => links.map((link) => link.getAttribute('href'))"


def test_axe_is_installed() -> None:
    assert AXE.is_file(), "make test-browser installs it"


def test_no_tab_has_a_serious_violation_or_is_too_wide(any_visit: Visit) -> None:
    found = []
    for name, label, _ in TABS:
        any_visit.open_tab(label)
        any_visit.page.wait_for_timeout(300)
        found += [f"{name}: {line}" for line in violations(any_visit)]
        if not any_visit.fits():
            found.append(f"{name}: wider than the screen")
    assert not found, "\n".join(found)


def test_a_result_has_no_serious_violation(any_visit: Visit) -> None:
    any_visit.page.locator(".gallery-item").first.click()
    any_visit.page.locator("ol.cl-strip").wait_for()
    assert violations(any_visit) == []


def test_a_models_card_scrolls_inside_the_page(visit: Visit) -> None:
    visit.open_tab("About")
    visit.page.get_by_role("button", name="Model card: ppocr").click()
    expect(visit.page.locator(".cl-card table").first).to_be_visible()
    assert all(link.startswith("http") for link in visit.page.locator(".cl-card a").evaluate_all(HREFS))
    assert visit.fits(), "the page is too wide"
    assert violations(visit) == []
