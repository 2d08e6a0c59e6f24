"""The Batch and Compare tabs in a real Chromium."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pyarrow.parquet as pq
from playwright.sync_api import Page, expect

from captcha_core.ui.batch_view import LEAST_SURE, SUREST
from tests.browser.helpers import EXAMPLES, Visit
from tests.browser.test_accessibility import violations

PATIENCE = 60_000


def send_zip(visit: Visit, archive: Path, folder: str, others: dict[str, str]) -> Page:
    """Send a zip of the examples, in a folder of it, and of other files to the Batch tab."""
    with zipfile.ZipFile(archive, "w") as file:
        for example in EXAMPLES:
            file.write(example, f"{folder}{example.name}")
        for name, content in others.items():
            file.writestr(name, content)
    visit.open_tab("Batch")
    visit.page.locator(".cl-files input[type=file]").set_input_files(archive)
    return visit.page


def take_home(page: Page, form: str, folder: Path) -> Path:
    """Download the readings in a form, and return the file."""
    name = f"Download {form}"
    with page.expect_download() as download:
        page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name)).first.click()
    path = folder / form
    download.value.save_as(path)
    return path


def test_a_zip_is_read_filtered_and_downloaded(visit: Visit, tmp_path: Path) -> None:
    page = send_zip(visit, tmp_path / "set.zip", "in/", {"in/<b>zzz.png": "no picture"})
    table = page.locator(".cl-readings table")
    expect(table).to_be_visible(timeout=PATIENCE)
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(len(EXAMPLES) + 1)
    expect(page.locator(".cl-summary")).to_contain_text(f"{len(EXAMPLES)} of {len(EXAMPLES) + 1} pictures read")
    for example in EXAMPLES:
        expect(table.locator("td", has_text=f"in/{example.name}")).to_contain_text(example.stem)
    page.get_by_label("Failed 1").check()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("in/<b>zzz.png is not a readable image")
    page.get_by_label("All ").first.check()
    expect(rows).to_have_count(len(EXAMPLES) + 1)
    taken = {"", *(example.stem for example in EXAMPLES)}
    with take_home(page, "CSV", tmp_path).open(encoding="utf-8", newline="") as handle:
        assert {row["prediction"] for row in csv.DictReader(handle)} == taken
    assert {row["prediction"] or "" for row in pq.read_table(take_home(page, "Parquet", tmp_path)).to_pylist()} == taken
    assert visit.fits(), "the page is too wide"
    assert violations(visit) == []
    visit.shoot("batch")


def test_figures_and_mistakes_have_no_serious_violation(visit: Visit, tmp_path: Path) -> None:
    labels = f"file,label\n{EXAMPLES[0].name},{EXAMPLES[0].stem}\n{EXAMPLES[1].name},wrong\n"
    page = send_zip(visit, tmp_path / "set.zip", "", {"labels.csv": labels})
    page.get_by_text("The mistakes").click(timeout=PATIENCE)
    expect(page.get_by_role("region", name="Mistakes")).to_be_visible()
    expect(page.locator(".cl-figures").filter(visible=True)).to_be_visible()
    assert visit.fits(), "the page is too wide"
    assert violations(visit) == []


def test_the_doubtful_follow_the_arrow_keys_of_the_slider(visit: Visit) -> None:
    page = visit.page
    visit.go(f"{page.url.partition('?')[0]}?tab=batch&batch_doubt=50")
    page.get_by_role("button", name="Try it with the examples").click()
    doubtful = page.get_by_label("Doubtful ", exact=False).and_(page.get_by_role("radio"))
    expect(doubtful).to_be_visible(timeout=PATIENCE)
    none = doubtful.get_attribute("aria-label") or doubtful.locator("xpath=..").inner_text()
    slider = page.get_by_label("range slider for Doubtful below")
    slider.focus()
    slider.press("End")
    expect(doubtful.locator("xpath=..")).not_to_have_text(none)


def test_a_set_is_read_again_with_the_model_that_the_menu_then_has(visit: Visit) -> None:
    visit.open_tab("Batch")
    page = visit.page
    page.get_by_role("button", name="Try it with the examples").click()
    summary = page.locator(".cl-summary").filter(visible=True)
    expect(summary).to_contain_text("by ppocr@", timeout=PATIENCE)
    # The checkbox stands above the figures that it takes back.
    names = page.get_by_label("The file names are the texts; compare with them").bounding_box()
    figures = page.locator(".cl-figures").filter(visible=True).bounding_box()
    assert names is not None and figures is not None and names["y"] < figures["y"]
    again = page.get_by_role("button", name="Read them again with")
    expect(again).to_have_count(0)
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name="efficientnet").click()
    expect(page.locator(".prose.cl-other-model")).to_contain_text("This is what ppocr reads.")
    assert violations(visit) == [] and visit.fits()
    again.click()
    expect(summary).to_contain_text("by efficientnet@", timeout=PATIENCE)
    expect(again).to_have_count(0)


def test_any_number_in_the_page_box_gives_a_page(visit: Visit) -> None:
    visit.open_tab("Batch")
    page = visit.page
    page.get_by_role("button", name="Try it with the examples").click()
    box = page.locator(".cl-pager input")
    expect(box).to_be_visible(timeout=PATIENCE)
    for number in ("-3", "2.5", ""):
        box.fill(number)
        box.press("Enter")
        expect(box).to_have_value("1")


def test_models_are_compared_on_an_example_and_on_all(visit: Visit) -> None:
    visit.open_tab("Compare")
    page = visit.page
    page.get_by_role("button", name="Try one example").click()
    expect(page.locator(".cl-compared td", has_text=EXAMPLES[0].stem).first).to_be_visible(timeout=PATIENCE)
    assert violations(visit) == []
    page.get_by_role("button", name="Try all examples").click()
    expect(page.locator(".cl-compared th", has_text="Exact match")).to_be_visible(timeout=PATIENCE)
    assert visit.fits(), "the page is too wide"
    assert violations(visit) == []
    visit.shoot("compare")


def test_a_file_that_is_none_gives_one_sentence(visit: Visit, tmp_path: Path) -> None:
    visit.open_tab("Batch")
    page = visit.page
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no zip")
    page.locator(".cl-files input[type=file]").set_input_files(bad)
    expect(page.get_by_role("alert").filter(has_text="bad.zip is not a whole zip file")).to_be_visible(timeout=PATIENCE)


def test_an_address_keeps_the_filter_the_order_and_what_is_doubtful(visit: Visit) -> None:
    page = visit.page
    view = f"batch_show=doubtful&batch_order={quote(LEAST_SURE)}&batch_doubt=90"
    visit.go(f"{page.url.partition('?')[0]}?tab=batch&{view}")
    page.get_by_role("button", name="Try it with the examples").click()
    expect(page.locator(".cl-readings table")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Doubtful ", exact=False).and_(page.get_by_role("radio"))).to_be_checked()
    expect(page.get_by_label("Order")).to_have_value(LEAST_SURE)
    expect(page.get_by_label("number input for Doubtful below")).to_have_value("90")
    page.get_by_label("Order").click()
    page.get_by_role("option", name=SUREST).click()
    page.wait_for_url(lambda address: parse_qs(urlsplit(address).query).get("batch_order") == [SUREST])
