"""Correcting a reading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from gradio.utils import deep_hash

from captcha_core.corrections import CorrectionStore
from captcha_core.errors import CaptchaLabError, ImageError
from captcha_core.ui.blocks import build_page
from captcha_core.ui.correction import FOLDER_VARIABLE, NOTICE, correct, offer
from captcha_core.ui.picture import Picture
from captcha_core.ui.reading import Read, read_for_page
from tests.ui.helpers import catalogue_of, context_of, grey_picture, in_loop

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


def config_of_page() -> str:
    return json.dumps(in_loop(build_page, catalogue_of()).get_config_file(), default=str)


def test_nothing_is_shown_or_kept_unless_the_owner_names_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert NOTICE not in config_of_page()


def test_the_page_tells_what_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "kept"))
    assert NOTICE in config_of_page()
    monkeypatch.setenv(FOLDER_VARIABLE, str(Path(__file__)))
    with pytest.raises(CaptchaLabError, match="Cannot write"):
        config_of_page()


def reading_of(reader: Recognizer, picture: Picture, *known: Any) -> Read:
    read = read_for_page(context_of(reader), picture, 80, None, *(known or ("any", "", 0, 0))).read
    assert read is not None
    return read


def test_a_correction_is_kept_with_the_reading_that_was_shown(reader: Recognizer, tmp_path: Path) -> None:
    picture = grey_picture("ADBC")
    read = reading_of(reader, picture, "own", "BD", 1, 3)
    assert "Thank you" in correct(CorrectionStore(tmp_path), picture, read, read.key, "ADB")
    [row] = pq.read_table(next(tmp_path.glob("*.parquet"))).to_pylist()
    # What the visitor saw, under the restriction that was set.
    assert (row["label"], row["prediction"], row["model_id"]) == ("ADB", "BDB", reader.model_id)


@pytest.mark.parametrize(
    ("picture", "correction", "expected"),
    [
        (grey_picture(), "ADBC ", "change it where it is wrong"),
        (grey_picture(), "", "Write what the picture says"),
        (None, "ADBB", "no picture"),
        (ImageError("bad"), "ADBB", "no picture"),
    ],
)
def test_what_cannot_be_kept_is_one_sentence(
    reader: Recognizer, tmp_path: Path, picture: Picture, correction: str, expected: str
) -> None:
    read = reading_of(reader, grey_picture())
    assert expected in correct(CorrectionStore(tmp_path), picture, read, read.key, correction)
    assert "no picture" in correct(CorrectionStore(tmp_path), picture, None, "", correction)
    assert not list(tmp_path.glob("*.parquet"))


def test_a_correction_does_not_get_under_another_picture(reader: Recognizer, tmp_path: Path) -> None:
    store, first, second = CorrectionStore(tmp_path), grey_picture("ADBC"), grey_picture("AAAA")
    before, after = reading_of(reader, first), reading_of(reader, second)
    # The picture is replaced and not read yet; then read, while the line still has what was written for the first.
    for read in (before, after):
        assert "new reading" in correct(store, second, read, before.key, "ADBB")
    assert not list(tmp_path.glob("*.parquet"))
    assert "Thank you" in correct(store, second, after, after.key, "AAAB")


def test_every_reading_empties_the_line_even_one_of_the_same_text(reader: Recognizer) -> None:
    first, again = reading_of(reader, grey_picture()), reading_of(reader, grey_picture())
    shown, text, said, key = offer(first)
    assert (shown["visible"], text, said, key) == (True, "ADBC", "", first.key)
    # Gradio compares these to see whether anything has changed.
    assert deep_hash(first) != deep_hash(again)
    assert offer(None)[0]["visible"] is False


def test_a_correction_that_cannot_be_written_is_logged(
    reader: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise CaptchaLabError("/secret is full")

    read = reading_of(reader, grey_picture())
    monkeypatch.setattr(CorrectionStore, "keep", full)
    said = correct(CorrectionStore(tmp_path), grey_picture(), read, read.key, "ADBB")
    assert "could not be kept" in said and "/secret" not in said and "/secret" in caplog.text
