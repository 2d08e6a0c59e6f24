"""The tab "How strong is it?" as somebody uses it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.generator import GeneratorSettings, generate_captcha
from tests.browser.helpers import Visit
from tests.browser.test_accessibility import violations
from tests.helpers import png_bytes

TAB = "How strong is it?"
# The first pictures are always measured, however busy the machine is.
MEASURED_MS = 300_000


def test_own_pictures_are_measured_and_the_report_is_taken_home(visit: Visit, tmp_path: Path) -> None:
    own, page = tmp_path / "mine.zip", visit.page
    with zipfile.ZipFile(own, "w") as archive:
        # The screenshot shows what a person would measure.
        for number in range(30 if os.environ.get("WRITE_SCREENSHOT") else 2):
            captcha = generate_captcha(GeneratorSettings(), 3, number)
            archive.writestr(f"{captcha.text}.png", png_bytes(captcha.image))
    visit.open_tab(TAB)
    page.get_by_label("Captcha", exact=True).click()
    page.get_by_role("option", name="My own labelled pictures").click()
    page.locator(".cl-audit-own input[type=file]").set_input_files(own)
    expect(page.locator(".cl-audit-own").get_by_text("zip").first).to_be_visible()
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_label("Measuring")).to_be_visible()
    expect(page.locator(".cl-audit-found")).to_be_visible(timeout=MEASURED_MS)
    for part in ("mine.zip: ", "Whether people can still read", "from none to extreme"):
        expect(page.get_by_text(part).first).to_be_visible()
    assert visit.fits()
    assert violations(visit) == []
    visit.shoot("audit", 1200)
    for name, start in (("PNG", b"\x89PNG"), ("HTML", b"<!DOCTYPE html>")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert Path(download.value.path()).read_bytes().startswith(start)
    assert "audit_style=mine" in page.url


def test_two_models_are_measured_on_the_pictures_of_a_seed(visit: Visit, tmp_path: Path) -> None:
    own, page = tmp_path / "mine.parquet", visit.page
    with ParquetWriter(own) as writer:
        captcha = generate_captcha(GeneratorSettings(), 3, 0)
        writer.write(Sample(png_bytes(captcha.image), captcha.text, "0.png", "test"))
    visit.go(f"{page.url.partition('?')[0]}?tab=audit&audit_style=mine&audit_seed=7&audit_models=efficientnet")
    expect(page.get_by_label("efficientnet", exact=True)).to_be_checked()
    page.locator(".cl-audit-own input[type=file]").set_input_files(own)
    expect(page.locator(".cl-audit-own").get_by_text("parquet").first).to_be_visible()
    page.get_by_role("button", name="Measure").click()
    expect(page.locator(".cl-audit-found")).to_be_visible(timeout=MEASURED_MS)
    expect(page.get_by_text("(seed 7)").first).to_be_visible()
    for model in ("ppocr", "efficientnet"):
        expect(page.get_by_text(f"{model} reads").first).to_be_visible()
    assert visit.fits()
    assert violations(visit) == []


def test_an_audit_is_stopped_and_its_address_opens_it_as_it_was(visit: Visit) -> None:
    page = visit.page
    visit.go(f"{page.url.partition('?')[0]}?tab=audit&audit_effort=thorough&audit_style=plain")
    expect(page.get_by_label("Thorough")).to_be_checked()
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_label("Measuring")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped before the first pictures")).to_be_visible()
    expect(page.get_by_role("button", name="Measure")).to_be_enabled()
    assert "audit_effort=thorough" in page.url and "audit_style=plain" in page.url
