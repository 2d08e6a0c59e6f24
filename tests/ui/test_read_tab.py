"""What the Read tab shows and answers, without a server."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
import pytest
from PIL import Image

from captcha_core.errors import CheckpointError, ImageError
from captcha_core.prediction import Prediction
from captcha_core.ui.read_tab import EXAMPLES, idle_html, panel_html, read_for_api, read_for_page
from tests.ui.helpers import GreyReader, context_of, grey_picture

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

TRAIN = "python train.py --recipe efficientnet --data data/train.parquet"


def kept(state: object) -> bool:
    """Tell whether the picture stays on the page."""
    return state == gr.skip()


def test_a_picture_gives_text_and_panel(reader: Recognizer) -> None:
    state, text, panel = read_for_page(context_of(reader), grey_picture("ADBC"))
    assert kept(state)
    assert text == "ADBC"
    for expected in ("Unsure", "50.0%", "99%", "40%", "12 ms", "grey<wbr>@0123456789ab", "32 × 32 pixels"):
        assert expected in panel


def test_the_models_view_is_inside_the_answer(reader: Recognizer) -> None:
    assert '<img src="data:image/png;base64,' in panel_html(reader.read(grey_picture()), grey_picture(), reader)


def test_an_empty_text_is_said_in_words(reader: Recognizer) -> None:
    panel = panel_html(Prediction("", 0.8, ()), grey_picture(), reader)
    assert "no character" in panel
    assert "<ol" not in panel


def test_names_are_escaped(reader: Recognizer) -> None:
    panel = panel_html(Prediction("A", 1.0, (1.0,), model_id="<b>@1"), grey_picture(), reader)
    assert "<b>" not in panel
    _, _, notice = read_for_page(context_of(reader), ImageError("<img src=x>.png is no picture"))
    assert "<img" not in notice
    assert "&lt;img" in notice


def test_a_bad_file_replaces_the_last_result_and_leaves_the_page(reader: Recognizer) -> None:
    state, text, panel = read_for_page(context_of(reader), ImageError("my.png is truncated"))
    assert state is None
    assert text == ""
    assert "my.png is truncated" in panel
    assert 'role="alert"' in panel


def test_clearing_brings_back_the_beginning(reader: Recognizer) -> None:
    state, text, panel = read_for_page(context_of(reader), None)
    assert kept(state)
    assert (text, panel) == ("", idle_html(context_of(reader)))


@pytest.mark.parametrize("picture", [None, grey_picture(), ImageError("bad")])
def test_without_a_model_the_page_says_what_to_run(picture: Image.Image | ImageError | None) -> None:
    _, text, panel = read_for_page(context_of(), picture)
    assert text == ""
    assert TRAIN in panel


def test_the_api_answers_plain_types(reader: Recognizer) -> None:
    answer = read_for_api(context_of(reader), grey_picture("AAAA"))
    assert answer["text"] == "AAAA"
    assert answer["char_confidences"] == (0.99, 0.9, 0.7, 0.4)
    assert answer["model_id"] == reader.model_id


@pytest.mark.parametrize(
    ("with_model", "picture", "message"),
    [
        (False, grey_picture(), TRAIN),
        (True, None, "no picture"),
        (True, ImageError("<b>.png is empty"), "&lt;b&gt;.png is empty"),
    ],
)
def test_the_api_refuses_in_one_sentence(
    reader: Recognizer, with_model: bool, picture: Image.Image | ImageError | None, message: str
) -> None:
    with pytest.raises(gr.Error) as caught:
        read_for_api(context_of(reader if with_model else None), picture)
    assert message in caught.value.message


def test_a_failing_model_is_logged_and_its_path_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(GreyReader):
        def read(self, image: Image.Image) -> Prediction:
            raise CheckpointError("/secret/model.safetensors is damaged")

    with caplog.at_level(logging.ERROR):
        state, text, panel = read_for_page(context_of(cast(Any, Broken())), grey_picture())
    assert kept(state)
    assert text == ""
    assert "cannot read at the moment" in panel
    assert "/secret" not in panel
    assert "/secret" in caplog.text


def test_the_examples_are_small_pictures_named_by_their_text() -> None:
    files = sorted(EXAMPLES.glob("*.png"))
    assert len(files) == 6
    for file in files:
        assert file.stem.isalnum()
        assert file.stat().st_size < 20_000
        with Image.open(file) as picture:
            assert picture.size == (160, 60)
