"""Correcting a reading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from captcha_core.corrections import CorrectionStore
from captcha_core.errors import CaptchaLabError, ImageError
from captcha_core.ui.blocks import build_page
from captcha_core.ui.correction import FOLDER_VARIABLE, NOTICE, correct
from captcha_core.ui.picture import Picture
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


def test_a_correction_is_kept_with_the_models_own_reading(reader: Recognizer, tmp_path: Path) -> None:
    said = correct(context_of(reader), CorrectionStore(tmp_path), grey_picture("ADBC"), None, "forged", "ADBB")
    assert "Thank you" in said
    [row] = pq.read_table(next(tmp_path.glob("*.parquet"))).to_pylist()
    assert (row["label"], row["prediction"], row["model_id"]) == ("ADBB", "ADBC", reader.model_id)


@pytest.mark.parametrize(
    ("picture", "model", "correction", "expected"),
    [
        (grey_picture(), None, "ADBC ", "change it where it is wrong"),
        (grey_picture(), None, "", "Write what the picture says"),
        (None, None, "ADBB", "no picture"),
        (ImageError("bad"), None, "ADBB", "no picture"),
        (grey_picture(), "<b>", "ADBB", "could not be kept"),
    ],
)
def test_what_cannot_be_kept_is_one_sentence(
    reader: Recognizer, tmp_path: Path, picture: Picture, model: str | None, correction: str, expected: str
) -> None:
    said = correct(context_of(reader), CorrectionStore(tmp_path), picture, model, "ADBC", correction)
    assert expected in said and "<b>" not in said
    assert not list(tmp_path.glob("*.parquet"))
