"""What the Read tab shows and answers, without a server."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from captcha_core.constraint import Constraint
from captcha_core.errors import CheckpointError, ImageError
from captcha_core.prediction import Prediction
from captcha_core.ui.blocks import build_page
from captcha_core.ui.context import PageContext
from captcha_core.ui.read_html import details_html, panel_html, saliency_html
from captcha_core.ui.read_tab import EXAMPLES
from captcha_core.ui.reading import (
    Shown,
    idle_html,
    look_for_page,
    read_for_api,
    read_for_page,
    shown_again,
    snippets_for_page,
)
from captcha_core.ui.settings import PageSettings
from tests.ui.helpers import GreyReader, catalogue_of, context_of, grey_picture, in_loop

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

TRAIN = "python train.py --recipe efficientnet --data data/train.parquet"


FREE = ("any", "", 0, 0)


def kept(state: object) -> bool:
    """Tell whether the picture stays on the page."""
    return state == gr.skip()


def read(context: PageContext, picture: Any, *known: Any) -> Shown:
    return read_for_page(context, picture, 80, None, *(known or FREE))


def test_a_picture_gives_text_confidence_and_which_model_in_what_time(reader: Recognizer) -> None:
    shown = read(context_of(reader), grey_picture("ADBC"))
    assert kept(shown.picture)
    assert shown.text == "ADBC"
    for expected in ("Unsure: positions 3 and 4", "50.0%", "99%", "40%"):
        assert expected in shown.panel
    for expected in ("12 ms", "grey<wbr>@0123456789ab", "64 × 16 pixels", "50.0% on its training data"):
        assert expected in shown.details
    assert shown.alternatives.count("<tr>") == 5
    assert shown.saliency == ""


def test_four_equal_characters_have_four_confidences(reader: Recognizer) -> None:
    shown = read(context_of(reader), grey_picture("AAAA"))
    assert re.findall(r'cl-percent">(\d+)%', shown.panel) == ["99", "90", "70", "40"]
    assert read_for_api(context_of(reader), grey_picture("AAAA"))["char_confidences"] == GreyReader.confidences


def test_the_models_view_is_inside_the_answer(reader: Recognizer) -> None:
    details = details_html(reader.read(grey_picture()), grey_picture(), reader)
    assert '<img src="data:image/png;base64,' in details


def test_an_empty_text_is_said_in_words() -> None:
    panel = panel_html(Prediction("", 0.8, ()))
    assert "no character" in panel
    assert "<ol" not in panel


def test_names_and_characters_are_escaped(reader: Recognizer) -> None:
    details = details_html(Prediction("A", 1.0, (1.0,), model_id="<b>@1"), grey_picture(), reader)
    assert "<b>" not in details
    panel = panel_html(Prediction("<", 1.0, (1.0,)), 0.8, Constraint("<>"))
    assert "&lt;&gt;" in panel and "<>" not in panel
    maps = saliency_html("<", grey_picture(), np.zeros((1, 16, 64), np.float32))
    assert "<b>&lt;</b>" in maps
    notice = read(context_of(reader), ImageError("<img src=x>.png is no picture")).panel
    assert "<img" not in notice
    assert "&lt;img" in notice


def test_a_bad_file_replaces_the_last_result_and_leaves_the_page(reader: Recognizer) -> None:
    shown = read(context_of(reader), ImageError("my.png is truncated"))
    assert shown.picture is None
    assert shown[1:2] + shown[3:] == ("", "", "", "", None)
    assert "my.png is truncated" in shown.panel
    assert 'role="alert"' in shown.panel


def test_clearing_brings_back_the_beginning(reader: Recognizer) -> None:
    shown = read(context_of(reader), None)
    assert kept(shown.picture)
    assert shown[1:] == ("", idle_html(context_of(reader)), "", "", "", None)


def test_a_restriction_is_obeyed_and_said(reader: Recognizer) -> None:
    shown = read(context_of(reader), grey_picture("ADBC"), "own", "B D", 1, 3)
    assert shown.text == "BDB"
    assert "Restricted to: BD; 1 to 3 characters." in shown.panel


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (("digits", "", 0, 0), "has not all of the allowed characters"),
        (("any", "", 6, 4), "No text has 6 to 4 characters"),
        (("any", "", 5, 0), "shall have 5 or more characters"),
    ],
)
def test_an_impossible_restriction_is_one_sentence_and_the_picture_stays(
    reader: Recognizer, known: tuple[Any, ...], said: str
) -> None:
    shown = read(context_of(reader), grey_picture(), *known)
    assert kept(shown.picture)
    assert shown.text == ""
    assert said in shown.panel


def test_another_threshold_marks_other_characters_without_reading_again(reader: Recognizer) -> None:
    context = context_of(reader)
    free, restricted = read(context, grey_picture()).read, read(context, grey_picture(), "own", "DA", 0, 0).read
    assert "<strong>Unsure</strong>" in shown_again(free, 30)
    assert "positions 2, 3 and 4" in shown_again(free, 95)
    assert "Restricted to: AD." in shown_again(restricted, 95)
    assert shown_again(None, 95) == gr.skip()


def test_maps_are_drawn_for_every_character_under_the_restriction(reader: Recognizer) -> None:
    done: list[float] = []
    maps = look_for_page(context_of(reader), grey_picture(), done.append, None, "any", "", 0, 3)
    assert maps.count("<figure>") == 3
    assert "Approximate" in maps
    assert done[0] == 0 and done == sorted(done)
    assert "There is no picture" in look_for_page(context_of(reader), None, done.append, None, *FREE)


def test_the_code_has_the_models_file_but_not_where_it_lies(reader: Recognizer) -> None:
    curl, python, command = snippets_for_page(context_of(reader), None, "grey", "own", "BA", 1, 3)
    assert command == "python predict.py captcha.png --checkpoint grey.grey --allow=AB --length 1-3"
    assert '"model": "grey", "alphabet": "AB", "min_length": 1, "max_length": 3' in curl
    assert "model='grey', alphabet='AB', min_length=1, max_length=3" in python
    assert snippets_for_page(context_of(), None, None, *FREE)[2] == "python predict.py captcha.png"


def test_the_code_logs_in_where_the_page_has_accounts(reader: Recognizer) -> None:
    context = replace(context_of(reader), settings=PageSettings((("ann", "secret"),)))
    curl, python, _ = snippets_for_page(context, None, "grey", *FREE)
    assert "username=NAME" in curl and 'auth=("NAME", "PASSWORD")' in python
    assert "secret" not in curl + python and "login" not in snippets_for_page(context_of(reader), None, None, *FREE)[0]


@pytest.mark.parametrize("picture", [None, grey_picture(), ImageError("bad")])
def test_without_a_model_the_page_says_what_to_run(picture: Image.Image | ImageError | None) -> None:
    shown = read(context_of(), picture)
    assert shown.text == ""
    assert TRAIN in shown.panel


def test_the_api_answers_plain_types(reader: Recognizer) -> None:
    answer = read_for_api(context_of(reader), grey_picture("ABCD"), "grey", "BC", 2, 3)
    assert answer["text"] == "BBC"
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
        def read(self, image: Image.Image, constraint: Constraint | None = None) -> Prediction:
            raise CheckpointError("/secret/model.safetensors is damaged")

    with caplog.at_level(logging.ERROR):
        shown = read(context_of(cast(Any, Broken())), grey_picture())
    assert kept(shown.picture)
    assert shown.text == ""
    assert "cannot read at the moment" in shown.panel
    assert "/secret" not in shown.panel
    assert "/secret" in caplog.text


def test_a_model_that_fails_at_the_maps_is_logged_and_its_path_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(GreyReader):
        expected = None

        def logits(self, images: Any) -> tuple[Any, None]:
            raise CheckpointError("/secret/model.onnx cannot be run")

    maps = look_for_page(context_of(cast(Any, Broken())), grey_picture(), lambda share: None, None, *FREE)
    assert "cannot read at the moment" in maps and "/secret" not in maps and "/secret" in caplog.text


def test_all_that_reads_is_one_event_so_that_the_last_answer_is_the_last_asked_for() -> None:
    page = in_loop(build_page, catalogue_of(cast(Any, GreyReader())))
    [text] = [block for block in page.blocks.values() if "cl-text" in (getattr(block, "elem_classes", None) or [])]
    [reading] = [fn for fn in page.fns.values() if text in fn.outputs]
    assert reading.trigger_mode == "always_last"
    # The model's menu, Clear and the restriction are among what sets it off.
    assert {event for _, event in reading.targets} == {"upload", "clear", "click", "change"}
    assert len(reading.targets) == 9


def test_the_examples_are_small_pictures_named_by_their_text() -> None:
    files = sorted(EXAMPLES.glob("*.png"))
    assert len(files) == 6
    for file in files:
        assert file.stem.isalnum()
        assert file.stat().st_size < 30_000
        with Image.open(file) as picture:
            assert picture.width <= 300 and picture.height <= 100
