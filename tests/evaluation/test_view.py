from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.evaluation import view
from captcha_core.evaluation.view import check_view_path, write_view
from tests.evaluation.helpers import evaluation_of, read, samples_of
from tests.helpers import assert_plain

ROWS = evaluation_of(*((f"{i}.png", "abc", read("abd" if i % 2 else "abc", i / 100)) for i in range(30)))


def test_the_ending_decides(tmp_path: Path) -> None:
    page, sheet = tmp_path / "new" / "view.HTML", tmp_path / "view.png"
    for path in (page, sheet):
        write_view(path, ROWS, iter(samples_of(ROWS)), "tiny@12 on data", "a note")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and "tiny@12 on data" in text and "a note" in text
    assert text.count("<img") == 30
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize("name", ["view", "view.pdf", "view.htm", "png"])
def test_another_ending_is_refused(name) -> None:
    for refuse in (check_view_path, lambda path: write_view(path, ROWS, samples_of(ROWS), "title")):
        with pytest.raises(CaptchaLabError) as caught:
            refuse(Path(name))
        assert_plain(str(caught.value), "--view", name, ".html", ".png")


def test_limits_hold_while_the_headings_count_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(view.VIEW_LIMITS, ".html", 10)
    write_view(tmp_path / "view.html", ROWS, samples_of(ROWS), "title")
    text = (tmp_path / "view.html").read_text(encoding="utf-8")
    assert text.count("<img") == 10
    assert "Wrong: 15, of which the surest 6 are shown" in text and "<dd>30</dd>" in text


def test_what_was_there_stays_when_the_view_cannot_be_made(tmp_path: Path) -> None:
    path = tmp_path / "view.html"
    path.write_text("before")
    with pytest.raises(DataError):
        write_view(path, ROWS, samples_of(ROWS)[:3], "title")
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
