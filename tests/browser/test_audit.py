"""The tab "How strong is it?" in a real Chromium: `make test-browser`."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.generator import GeneratorSettings, generate_captcha
from tests.browser.helpers import Visit
from tests.helpers import png_bytes

# Its first block of pictures is always measured, however busy the machine is.
MEASURED = 300_000


def test_own_pictures_are_measured_and_the_report_is_taken_home(visit: Visit, address: str, tmp_path: Path) -> None:
    own = tmp_path / "mine.parquet"
    with ParquetWriter(own) as writer:
        for number in range(2):
            captcha = generate_captcha(GeneratorSettings(), 3, number)
            writer.write(Sample(png_bytes(captcha.image), captcha.text, f"{number}.png", "test"))
    visit.go(f"{address}/?tab=audit&audit_style=mine")
    page = visit.page
    page.locator(".cl-audit-own input[type=file]").set_input_files(own)
    expect(page.get_by_text("mine", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_label("Measuring")).to_be_visible(timeout=30_000)
    expect(page.locator(".cl-audit-found")).to_be_visible(timeout=MEASURED)
    expect(page.get_by_text("mine.parquet: 2 pictures")).to_be_visible()
    for part in ("Whether people can still read", "from none to extreme"):
        expect(page.get_by_text(part).first).to_be_visible()
    assert visit.fits(), "the page is too wide"
    visit.shoot("audit")
    for name, start in (("PNG", b"\x89PNG"), ("HTML", b"<!DOCTYPE html>")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert Path(download.value.path()).read_bytes().startswith(start)


def test_an_audit_is_stopped(visit: Visit, address: str) -> None:
    visit.go(f"{address}/?tab=audit&audit_effort=thorough&audit_style=plain")
    page = visit.page
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_label("Measuring")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped; nothing was measured.")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Measure")).to_be_enabled()
    assert "audit_effort=thorough" in page.url and "audit_style=plain" in page.url
