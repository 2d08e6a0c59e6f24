"""The Compare tab without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from captcha_core.ui import compare_tab
from captcha_core.ui.batch_reading import Run
from captcha_core.ui.compare_tab import compare
from captcha_core.ui.shelf import Shelf
from captcha_core.uploads import Upload
from tests.ui.helpers import GreyReader, Misreader, context_of
from tests.ui.test_batch_tab import uploads

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


def answer(files: Any, reader: Any, **others: Any) -> str:
    *_, (html, _, stop) = compare(context_of(reader, **others), Shelf(), files)
    assert stop.visible is False
    return str(html)


def test_one_picture_shows_what_each_model_reads_and_what_most_say(reader: Recognizer, tmp_path: Path) -> None:
    files = uploads(tmp_path, "ADBC")
    html = answer(files, reader, mis=Misreader(), same=GreyReader())
    for expected in ("2 of 3 models read", "ADBC", "ABBC", "✓ yes", "✗ no", "12 ms", "50.0%", "90.0%"):
        assert expected in html
    assert html.count("✓ yes") == 2


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, "One model read it"),
        ({"mis": Misreader()}, "No agreement</strong> among 2"),
        ({"same": GreyReader()}, "All 2 models read"),
    ],
)
def test_agreement_is_said_in_words(reader: Recognizer, tmp_path: Path, others: dict[str, Any], said: str) -> None:
    assert said in answer(uploads(tmp_path, "ADBC"), reader, **others)


def test_a_set_shows_how_often_each_is_right_and_where_they_differ(reader: Recognizer, tmp_path: Path) -> None:
    html = answer(uploads(tmp_path, "ABCA", "DDAA", bad=True), reader, mis=Misreader(), same=GreyReader())
    for expected in ("2 of 3 pictures read by 3 models", "All say the same of 1 (50%)", "66.6%", "33.3%"):
        assert expected in html
    assert "Where they differ: 1" in html and "BBAA" in html


def test_without_labels_there_is_only_agreement(reader: Recognizer, tmp_path: Path) -> None:
    files = [Upload(file.path, f"scan{i}.png") for i, file in enumerate(uploads(tmp_path, "ABCA", "DDAA", "CCCC"))]
    html = answer(files, reader, mis=Misreader())
    assert "Exact match" not in html and "With the majority" in html


def test_what_cannot_be_read_is_one_sentence(reader: Recognizer, tmp_path: Path) -> None:
    assert "The picture could not be read." in answer(uploads(tmp_path, bad=True), reader)
    (tmp_path / "x").write_bytes(b"")
    html = answer([Upload(tmp_path / "x", "<b>.zip")], reader)
    assert 'role="alert"' in html and "&lt;b&gt;.zip" in html
    assert "No model is loaded" in answer(uploads(tmp_path, "ABCD"), None)
    assert list(compare(context_of(reader), Shelf(), None)) == []


def test_a_model_that_was_stopped_is_left_out(reader: Recognizer, tmp_path: Path) -> None:
    runs: Shelf[Run] = Shelf()
    steps = compare(context_of(reader, mis=Misreader()), runs, uploads(tmp_path, "ABCA", "DDAA"))
    _, key, _ = next(steps)
    run = runs.get(key)
    assert run is not None
    run.stopped.set()
    *_, (html, _, _) = steps
    assert "1 of 1" in html or "One model read it" in html or "mis" in html


def test_only_so_many_models_and_pictures_are_compared(
    reader: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_tab, "MOST_MODELS", 1)
    monkeypatch.setattr(compare_tab, "MOST_PICTURES", 2)
    html = answer(uploads(tmp_path, "ABCA", "DDAA", "CCCC"), reader, mis=Misreader())
    assert "There are 2 models; the first 1 are compared." in html
    assert "the first 2 are read" in html
