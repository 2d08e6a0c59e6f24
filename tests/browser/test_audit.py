"""The tab "How strong is it?" in a real Chromium: `make test-browser`."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.generator import GeneratorSettings, generate_captcha
from tests.browser.test_page import DESKTOP, PHONE, Visit, address, browser  # noqa: F401
from tests.helpers import png_bytes

# Its first block of pictures is always measured, however busy the machine is.
MEASURED = 300_000


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_own_pictures_are_measured_and_the_report_is_taken_home(
    browser: Browser,  # noqa: F811
    address: str,  # noqa: F811
    tmp_path: Path,
    size: dict[str, int],
    scheme: str,
) -> None:
    own = tmp_path / "mine.parquet"
    with ParquetWriter(own) as writer:
        for number in range(2):
            captcha = generate_captcha(GeneratorSettings(), 3, number)
            writer.write(Sample(png_bytes(captcha.image), captcha.text, f"{number}.png", "test"))
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    visit = Visit(context.new_page())
    page = visit.page
    page.set_default_timeout(30_000)
    page.on("console", visit.on_console)
    page.on("request", visit.on_request)
    page.goto(f"{address}/?tab=audit&audit_style=mine")
    page.locator(".cl-audit-own input[type=file]").set_input_files(own)
    expect(page.get_by_text("mine", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_label("Measuring")).to_be_visible(timeout=30_000)
    expect(page.locator(".cl-audit-found")).to_be_visible(timeout=MEASURED)
    expect(page.get_by_text("mine.parquet: 2 pictures")).to_be_visible()
    for part in ("Whether people can still read", "from none to extreme"):
        expect(page.get_by_text(part).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "the page is too wide"
    for name, start in (("PNG", b"\x89PNG"), ("HTML", b"<!DOCTYPE html>")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert Path(download.value.path()).read_bytes().startswith(start)
    assert not visit.faults
    context.close()


def test_an_audit_is_stopped(browser: Browser, address: str) -> None:  # noqa: F811
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{address}/?tab=audit&audit_effort=thorough&audit_style=plain")
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_label("Measuring")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped; nothing was measured.")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Measure")).to_be_enabled()
    assert "audit_effort=thorough" in page.url and "audit_style=plain" in page.url
    context.close()
