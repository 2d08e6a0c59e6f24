"""What the tab "How strong is it?" shows, without a server."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import threading
from pathlib import Path
from typing import Any, cast

import gradio as gr
import pytest

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, CheckpointError, DataError
from captcha_core.evaluation.sweep import BLOCK
from captcha_core.generator import GeneratorSettings
from captcha_core.ui import audit_tab
from captcha_core.ui.audit_tab import (
    DRAWN,
    EFFORTS,
    OWN,
    Effort,
    _drawn_settings,
    _some_of,
    audit_for_page,
    build_audit_tab,
)
from captcha_core.ui.batch_reading import Run, stop_run
from captcha_core.ui.blocks import build_page
from captcha_core.ui.catalogue import TRAIN_COMMAND
from captcha_core.ui.files import Files
from captcha_core.ui.shelf import Shelf
from captcha_core.uploads import Upload
from tests.helpers import png_bytes
from tests.ui.helpers import GreyReader, catalogue_of, context_of, grey_picture, in_loop, named_files, zip_of


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EFFORTS, "quick", Effort("quick", 2, 1, 60.0))


@pytest.fixture
def own(tmp_path: Path) -> list[Upload]:
    path = tmp_path / "mine.parquet"
    with ParquetWriter(path) as writer:
        for text in ("ABCD", "DDAA", "BACA"):
            writer.write(Sample(png_bytes(grey_picture(text)), text, f"{text}.png", "test"))
    return [Upload(path, path.name)]


class Reader(GreyReader):
    """Reads pictures of any size."""

    meta = cast(Any, GreyReader.meta)

    def read_batch(self, images: list[Any], constraint: object = None) -> list[Any]:
        return [self.read(image.resize((64, 16))) for image in images]


def audited(own: Files, chosen: str = OWN, reader: Any = None, **drawing: Any) -> list[tuple[Any, ...]]:
    context = context_of(reader or cast(Any, Reader()))
    context.drawing.update(drawing)
    return list(audit_for_page(context, Shelf(), chosen, "quick", 0, own, None, [], *drawing.values()))


def test_uploaded_pictures_are_measured(own: list[Upload]) -> None:
    first, *_, (panel, start, stop, _) = audited(own)
    assert "<progress" in first[0] and (first[1]["interactive"], first[2]["interactive"]) == (False, True)
    assert (start["interactive"], stop["interactive"]) == (True, False)
    assert "mine.parquet: 2 pictures" in panel and str(own[0].path.parent) not in panel
    assert "grey reads 100%" in panel and "<table>" in panel


def test_the_report_is_inside_the_answer(own: list[Upload]) -> None:
    panel = audited(own)[-1][0]
    links = dict(re.findall(r'<a download="([^"]+)" href="data:[^,]+,([^"]+)"', panel))
    assert base64.b64decode(links["captcha-audit.html"]).startswith(b"<!DOCTYPE html>")
    assert base64.b64decode(links["captcha-audit.png"]).startswith(b"\x89PNG")


def test_a_preset_is_measured() -> None:
    assert "Plain upright text: 2 pictures" in audited(None, "plain")[-1][0]


def test_another_seed_draws_other_pictures() -> None:
    context = context_of(cast(Any, Reader()))
    [*_, (panel, *_)] = audit_for_page(context, Shelf(), "plain", "quick", 5, None, None, [])
    assert "(seed 5)" in panel and panel != audited(None, "plain")[-1][0]


def test_the_settings_of_the_generate_tab_are_measured() -> None:
    drawing = {"style": "default", "alphabet": "digits", "min_length": 3, "max_length": 3, "lines": 7}
    assert _drawn_settings(list(drawing), list(drawing.values())) == GeneratorSettings("digits", 3, 3, lines=7)
    assert "The tab Generate: 2 pictures" in audited(None, DRAWN, **drawing)[-1][0]


@pytest.mark.parametrize(
    ("drawing", "said"),
    [
        ({"style": "varied", "lines": 2}, "choose it there"),
        ({"style": "default", "rotation": 1000.0}, "“Turn, in degrees”"),
        ({"style": None}, "no style"),
    ],
)
def test_settings_that_cannot_be_swept_are_named_in_the_words_of_the_page(drawing: dict[str, Any], said: str) -> None:
    assert said in audited(None, DRAWN, **drawing)[-1][0]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "There is nothing to measure; send pictures that are named by their texts"),
        (DataError("<b>x</b> was not uploaded"), "&lt;b&gt;x&lt;/b&gt; was not uploaded"),
    ],
)
def test_what_is_not_possible_is_said_in_the_results_place(file: CaptchaLabError | None, said: str) -> None:
    panel, start, stop, _ = audited(file)[-1]
    assert said in panel and 'role="alert"' in panel
    assert (start["interactive"], stop["interactive"]) == (True, False)


def test_a_page_without_a_model_says_so() -> None:
    [*_, (panel, *_)] = audit_for_page(context_of(), Shelf(), "plain", "quick", 0, None, None, [])
    assert "No model is loaded" in panel


def test_too_many_models_are_refused() -> None:
    context = context_of(cast(Any, Reader()))
    [*_, (panel, *_)] = audit_for_page(context, Shelf(), "plain", "quick", 0, None, "a", ["b", "c", "d"])
    assert "4 models are chosen" in panel


@pytest.mark.parametrize("spots", [400, 2000])
def test_the_event_takes_what_an_address_may_set_beyond_a_sliders_end(spots: int) -> None:
    page = in_loop(build_page, catalogue_of(cast(Any, Reader())))
    [start] = [fn for fn in page.fns.values() if getattr(fn.fn, "func", None) is audit_for_page]
    labels = [getattr(component, "label", None) for component in start.inputs]
    sent = [component.value for component in start.inputs]
    sent[labels.index("Spots")] = spots
    received = asyncio.run(page.preprocess_data(start, sent, None))
    assert received[labels.index("Spots")] == spots


def test_a_run_that_is_told_to_stop_says_so_last() -> None:
    runs: Shelf[Run] = Shelf()
    measuring = audit_for_page(context_of(cast(Any, Reader())), runs, "plain", "quick", 0, None, None, [])
    *_, key = next(measuring)
    stop_run(runs, key)
    [*_, (panel, start, stop, _)] = measuring
    assert "Stopped before the first pictures had been measured" in panel
    assert (start["interactive"], stop["interactive"]) == (True, False)


class Counting(Reader):
    """Tells an event at the pass of so many."""

    def __init__(self, at: int, event: threading.Event) -> None:
        super().__init__()
        self.passes, self.at, self.event = 0, at, event

    def read_batch(self, images: list[Any], constraint: object = None) -> list[Any]:
        self.passes += 1
        if self.passes == self.at:
            self.event.set()
        return super().read_batch(images, constraint)


@pytest.mark.parametrize("closing", [False, True])
def test_what_was_measured_when_it_ends_early_is_given(monkeypatch: pytest.MonkeyPatch, closing: bool) -> None:
    monkeypatch.setitem(EFFORTS, "quick", Effort("quick", 2 * BLOCK, 1, 600.0))
    reader, run = Counting(0, threading.Event()), Run()
    audited(None, "plain", reader)
    # In the middle of the second block of two.
    reader.at, reader.passes = reader.passes * 3 // 4, 0
    reader.event = threading.Event() if closing else run.stopped
    monkeypatch.setattr(audit_tab, "Run", lambda: run)
    monkeypatch.setattr(audit_tab, "CLOSING", reader.event if closing else threading.Event())
    panel = audited(None, "plain", reader)[-1][0]
    assert f"It ended after {BLOCK} of {2 * BLOCK} pictures" in panel and "<table>" in panel


def test_an_audit_that_a_closing_page_ends_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    closing = threading.Event()
    monkeypatch.setattr(audit_tab, "CLOSING", closing)
    closing.set()
    assert "The page is closing" in audited(None, "plain")[-1][0]


def test_without_a_model_the_tab_says_what_to_run() -> None:
    def built() -> gr.Blocks:
        with gr.Blocks() as page:
            build_audit_tab(context_of())
        return page

    page = in_loop(built)
    [panel] = [b for b in page.blocks.values() if getattr(b, "elem_classes", None) == ["cl-audit"]]
    assert TRAIN_COMMAND in panel.value


def test_a_failing_model_is_logged_and_its_path_is_not_shown(
    own: list[Upload], caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Reader):
        def read(self, image: Any, constraint: Any = None) -> Any:
            raise CheckpointError("/secret/model.safetensors is damaged")

    with caplog.at_level(logging.ERROR):
        panel = audited(own, reader=Broken())[-1][0]
    assert "cannot read at the moment" in panel and "/secret" not in panel and "/secret" in caplog.text


@pytest.mark.parametrize("zipped", [False, True])
def test_pictures_named_by_their_texts_are_measured_as_files_and_in_a_zip(tmp_path: Path, zipped: bool) -> None:
    files = named_files(tmp_path, "ABCD.png", "DDAA.png", "BACA.png")
    panel = audited([zip_of(files)] if zipped else files)[-1][0]
    assert f"{'mine.zip' if zipped else 'Your upload'}: 2 pictures" in panel
    assert "grey reads 100%" in panel and "names of the files were taken for the texts" in panel


def test_an_address_names_only_models_that_are_there() -> None:
    assert _some_of(["a", "b"], "b,a") == ["b", "a"]
    for text in ("c", "a,c", "", "a,a,a,a"):
        with pytest.raises(ValueError):
            _some_of(["a", "b"], text)


def test_the_efforts_are_bounded() -> None:
    assert all(effort.seconds <= 600 and effort.pictures <= 200 for effort in EFFORTS.values())
    assert audit_tab.MOST_MODELS <= 6
