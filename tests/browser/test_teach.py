"""Teaching a model in the page, as somebody does it; the training is train.py's, with a plan of a few steps."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from captcha_core.checkpoint import read_meta
from captcha_core.generator import GeneratorSettings, generate_captcha
from tests.browser.helpers import EXAMPLES, ROOT, Visit
from tests.browser.test_accessibility import violations
from tests.helpers import png_bytes
from tests.serving import free_port, serving

PICTURES = 12
# Training asks for a processor that other work may have, and gets it after all others.
TAUGHT_MS = 600_000


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve a page on which a training is short, in place of the one that all other tests share."""
    command = [sys.executable, "-m", "tests.browser.teaching_page", str(port := free_port())]
    with serving(command, port, cwd=ROOT, env=dict(os.environ)) as address:
        yield address.rstrip("/")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Return a zip of pictures, of which two have no label, and the texts of all."""
    path, texts = tmp_path_factory.mktemp("set") / "mine.zip", {}
    with zipfile.ZipFile(path, "w") as file:
        table = ["file,label"]
        for number in range(PICTURES):
            captcha = generate_captcha(GeneratorSettings(), 5, number)
            texts[name := f"{number}.png"] = captcha.text
            file.writestr(name, png_bytes(captcha.image))
            if number > 1:
                table.append(f"{name},{captcha.text}")
        file.writestr("labels.csv", "\n".join(table))
    return path, texts


def test_labels_are_typed_and_a_model_is_taught_and_taken_home(
    visit: Visit, archive: tuple[Path, dict[str, str]]
) -> None:
    (path, texts), page = archive, visit.page
    visit.open_tab("Teach")
    page.locator(".cl-teach-files input[type=file]").set_input_files(path)
    expect(page.get_by_text(f"{PICTURES - 2} of {PICTURES} pictures have labels")).to_be_visible(timeout=TAUGHT_MS)
    box, said = page.get_by_label("What does it say?"), page.locator(".prose.cl-teach-said")
    for number in (1, 2):
        name = page.locator(".cl-teach-card .cl-file").inner_text()
        box.fill(texts[name])
        box.press("Enter")
        expect(said).to_contain_text(f"{texts[name]} is the label of {name}")
        expect(page.get_by_text(f"{PICTURES - 2 + number} of {PICTURES} pictures have labels")).to_be_visible()
    expect(said).to_contain_text("Nothing is left to label")
    assert violations(visit) == [] and visit.fits()

    page.get_by_role("button", name="Teach", exact=True).click()
    expect(page.get_by_label("Teaching")).to_be_visible()
    page.get_by_role("button", name="Forget these pictures").click()
    expect(page.get_by_role("alert").filter(has_text="cancel the training first")).to_be_visible()
    visit.open_tab("Read")
    page.locator(".gallery-item").first.click()
    expect(page.get_by_label("Text", exact=True)).to_have_value(EXAMPLES[0].stem)
    # Whoever opens the page anew finds the training again.
    visit.go(f"{page.url.partition('?')[0]}?tab=teach")
    expect(page.get_by_label("Teaching").or_(page.get_by_text("Taught in"))).to_be_visible()
    expect(page.get_by_text("Taught in")).to_be_visible(timeout=TAUGHT_MS)
    expect(page.get_by_text("beginning with ppocr")).to_be_visible()
    expect(page.get_by_role("button", name="Forget these pictures and the model")).to_be_visible()
    expect(page.locator(".cl-teach-model th", has_text="the new captcha")).to_be_visible()
    expect(page.locator(".cl-curves svg")).to_have_count(2)
    page.get_by_text("held-out pictures, read before and after").click()
    expect(page.get_by_role("region", name="Before and after").locator("tbody tr")).to_have_count(PICTURES)
    assert visit.fits()
    assert violations(visit) == []
    visit.shoot("teach")
    with page.expect_download() as download:
        page.get_by_role("link", name="Checkpoint").or_(page.get_by_role("button", name="Checkpoint")).first.click()
    home = path.with_name(f"{visit.screen.name}.safetensors")
    download.value.save_as(home)
    assert read_meta(home).training_data[-1]["rows"] == PICTURES


def test_a_training_is_cancelled(visit: Visit, archive: tuple[Path, dict[str, str]]) -> None:
    page = visit.page
    visit.open_tab("Teach")
    page.locator(".cl-teach-files input[type=file]").set_input_files(archive[0])
    page.get_by_role("button", name="Teach", exact=True).click(timeout=TAUGHT_MS)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert").filter(has_text="Cancelled; nothing was learned")).to_be_visible()
    expect(page.get_by_role("button", name="Teach", exact=True)).to_be_enabled()

    page.get_by_role("button", name="Forget these pictures").click()
    expect(page.get_by_text("The pictures and their labels are forgotten")).to_be_visible()
    expect(page.get_by_role("button", name="Teach", exact=True)).to_have_count(0)
    visit.go(f"{page.url.partition('?')[0]}?tab=teach")
    expect(page.locator(".cl-teach-files")).to_be_visible()
    page.wait_for_timeout(1000)
    expect(page.get_by_text("pictures have labels")).to_have_count(0)
