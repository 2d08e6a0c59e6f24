"""Nothing that came from a stranger or a model is HTML on the page: any text leaves the page's elements as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from captcha_core.batch import Reading, evaluate_readings
from captcha_core.compare import Attempt
from captcha_core.constraint import Constraint
from captcha_core.errors import ImageError
from captcha_core.evaluation import sweep_page
from captcha_core.evaluation.sweep import Sweep
from captcha_core.evaluation.sweep_page import sweep_body
from captcha_core.generator import Captcha
from captcha_core.prediction import Prediction
from captcha_core.ui.batch_view import ALL, AS_SENT, Result, View, measures_html, summary_html, table_html
from captcha_core.ui.compare_view import picture_html, set_html
from captcha_core.ui.confidence import alternatives_html
from captcha_core.ui.generate_pictures import grid_html
from captcha_core.ui.generate_pictures import summary_html as generated_html
from captcha_core.ui.html_parts import notice_html, progress_html, said_html
from captcha_core.ui.read_html import details_html, panel_html, saliency_html
from captcha_core.ui.teach_job import Stage
from captcha_core.ui.teach_results import Compared, Read, Taught
from captcha_core.ui.teach_set import Card, Lesson
from captcha_core.ui.teach_view import card_html, compared_html, job_html, lesson_html
from tests.evaluation.sweep_helpers import swept
from tests.helpers import png_bytes
from tests.ui.test_teach_view import job_of

PIECES = [
    "<script>",
    "</td>",
    "<img src=x onerror=alert(1)>",
    '" onload="x',
    "' style='",
    "&lt;",
    "<!--",
    "]]>",
    "\0",
    "a",
]
PICTURE = Image.new("RGB", (16, 8))
TEXTS = (
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), min_size=1, max_size=4).map("".join).filter(bool)
)


class Elements(HTMLParser):
    """Collects the elements of a page and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", ()))


def predicted(text: str) -> Prediction:
    return Prediction("ab", 0.5, (0.5, 0.9), (((text[:1], 0.1),),) * 2, 1.0, text)


def readings(text: str) -> list[Reading]:
    read = Prediction(text, 0.5, (0.5,) * len(text), model_id=text)
    return [Reading(text, text + "x", read, b""), Reading(text, None, ImageError(text), b"")]


def of_set(text: str) -> Result:
    return Result(readings(text), text, 1.0, [text], [text], evaluate_readings(readings(text), 1.0))


def drawn_html(text: str) -> str:
    """Return the Generate tab's grid with readings; ``text`` is drawn, read wrongly, and the model's alphabet."""
    drawn, read = [Captcha(PICTURE, text)], [Prediction(text + "x", 0.5, (0.5,) * (len(text) + 1))]
    meta: Any = SimpleNamespace(alphabet=text, max_length=0)
    return grid_html(drawn) + grid_html(drawn, read) + generated_html(drawn, read, meta)


def model_html(text: str) -> str:
    data = [{"fingerprint": "f", "name": text, "held_out": text}]
    meta = SimpleNamespace(alphabet=text, max_length=4, metrics={"val_exact_match": 0.5}, training_data=data)
    model: Any = SimpleNamespace(meta=meta, model_view=lambda image: image)
    return details_html(predicted(text), PICTURE, model)


def lesson(text: str) -> Lesson:
    read = Prediction(text, 0.5, (0.5,) * len(text))
    return Lesson([Card(text, png_bytes(PICTURE), read, text)], [text], [text])


def taught(text: str) -> str:
    compared = [Compared(text, b"x", text, Read(text, 0.5), Read(text + "x", 0.9))]
    done = Taught("", compared, {}, [text], 1.0)
    return job_html(job_of(Stage.DONE, taught=done)) + compared_html(compared)


@cache
def plain_sweep() -> Sweep:
    return swept(count=2)


def measured_html(text: str) -> str:
    found = plain_sweep()
    curves = tuple(replace(curve, model=text) for curve in found.curves)
    named = replace(found, title=text, notes=(text,), models=(text,), curves=curves)
    named = replace(named, as_it_is={text: found.as_it_is["model0"]}, folded={text: found.folded["model0"]})
    # Its pictures hold no element, and take long.
    quick: Any = {"plot_sweep": lambda _: None, "figure_png": lambda _: b"", "_picture_url": lambda _: ""}
    with mock.patch.multiple(sweep_page, **quick):
        return sweep_body(named)


PAGES: dict[str, Callable[[str], str]] = {
    "table": lambda text: table_html(of_set(text), View(ALL, AS_SENT, 0.8, 1)),
    "measures": lambda text: measures_html(of_set(text)),
    "summary": lambda text: summary_html(of_set(text)),
    "refused": lambda text: notice_html(ImageError(text)),
    "models on a picture": lambda text: picture_html([Attempt(text, readings(text)[:1])] * 2, [text]),
    "models on a set": lambda text: set_html([Attempt(text, readings(text))] * 2, [text]),
    "reading": lambda text: panel_html(predicted(text), 0.8, Constraint(text)),
    "other readings": lambda text: alternatives_html(predicted(text)),
    "model": model_html,
    "where it looked": lambda text: saliency_html(text, PICTURE, np.zeros((len(text), 8, 16), np.float32)),
    "drawn": drawn_html,
    "measured": measured_html,
    "set to teach": lambda text: lesson_html(lesson(text)),
    "picture to label": lambda text: card_html(lesson(text), 0),
    "taught": taught,
    "training refused": lambda text: job_html(job_of(Stage.FAILED, text)),
    "said": said_html,
    "going on": lambda text: progress_html(text, text, 1),
}


@pytest.mark.parametrize("name", PAGES)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(text=TEXTS)
def test_a_text_adds_no_element_and_no_attribute(name: str, text: str) -> None:
    # The page itself lets a line break before the @ of a model's name.
    plain = "".join("@" if character == "@" else "a" for character in text)
    assert Elements(PAGES[name](text)).found == Elements(PAGES[name](plain)).found
