"""The Compare tab without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest

from captcha_core.errors import CheckpointError
from captcha_core.ui import compare_tab
from captcha_core.ui.batch_reading import Run
from captcha_core.ui.compare_tab import compare
from captcha_core.uploads import Upload
from tests.ui.helpers import GreyReader, Misreader, context_of
from tests.ui.test_batch_tab import uploads

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


def compared(run: Run, reader: Any, **others: Any) -> Iterator[str]:
    """Yield what stands in the answer's place; in the end nothing is left to stop."""
    context, panel, stop = context_of(reader, **others), gr.HTML(), gr.Button()
    update: dict[Any, Any] = {}
    for update in compare(context, panel, stop, run):
        yield update[panel]
    assert update[stop].visible is False


def answer(files: Any, reader: Any, **others: Any) -> str:
    *_, html = compared(Run(files), reader, **others)
    return html


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
    assert "There is nothing to read" in answer(None, reader)


def test_what_is_stopped_says_what_was_not_read_and_by_whom(reader: Recognizer, tmp_path: Path) -> None:
    run = Run(uploads(tmp_path, "ABCA", "DDAA", "CCCC"))
    run.stopped.set()
    *_, html = compared(run, reader, mis=Misreader(), same=GreyReader())
    assert "Reading stopped as you asked; 2 pictures were not read." in html
    assert "Reading stopped before mis was done, so 2 models are left out." in html
    assert "One model read it" in html


def test_models_after_a_stop_are_left_out_and_what_was_done_is_kept(reader: Recognizer, tmp_path: Path) -> None:
    class Stopping(GreyReader):
        def stream(self, *args: Any, **kwargs: Any) -> Any:
            run.stopped.set()
            return super().stream(*args, **kwargs)

    run = Run(uploads(tmp_path, "ABCA", "DDAA"))
    *_, html = compared(run, reader, last=Stopping())
    assert "2 of 2 pictures read by 1 model.<" in html
    assert "Reading stopped before last was done, so 1 model is left out." in html and "as you asked" not in html


def test_a_model_that_cannot_be_used_is_a_note_beside_the_others(reader: Recognizer, tmp_path: Path) -> None:
    class Broken(GreyReader):
        def stream(self, *_: Any, **__: Any) -> Any:
            raise CheckpointError("/secret/model.safetensors is broken")

    files = uploads(tmp_path, "ADBC", "ABBC")
    for others in ({"bad": Broken(), "mis": Misreader()}, {"mis": Misreader(), "bad": Broken()}):
        html = answer(files, reader, **others)
        assert "2 of 2 pictures read by 2 models" in html
        assert "bad is left out. The model cannot read at the moment" in html and "/secret" not in html
    html = answer(files, Broken(), mis=Misreader())
    assert "2 of 2 pictures read by 1 model.<" in html and "grey is left out." in html
    html = answer(files, Broken())
    assert 'role="alert"' in html and "cannot read at the moment" in html


def test_what_came_of_it_is_told_to_a_screen_reader(reader: Recognizer, tmp_path: Path) -> None:
    one, several = uploads(tmp_path, "ADBC"), uploads(tmp_path, "ADBC", "ABBC")
    for files in (one, several):
        assert answer(files, reader, mis=Misreader()).count('role="status"') == 1


def test_only_so_many_models_and_pictures_are_compared(
    reader: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_tab, "MOST_MODELS", 1)
    monkeypatch.setattr(compare_tab, "MOST_PICTURES", 2)
    html = answer(uploads(tmp_path, "ABCA", "DDAA", "CCCC"), reader, mis=Misreader())
    assert "There are 2 models; only the first is compared." in html
    assert "the first 2 are read" in html
