"""Nothing that came from a stranger or a model is HTML on the page: any text leaves the page's elements as they are."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core.batch import Reading, evaluate_readings
from captcha_core.compare import Attempt
from captcha_core.constraint import Constraint
from captcha_core.errors import ImageError
from captcha_core.prediction import Prediction
from captcha_core.ui.batch_view import ALL, AS_SENT, Result, View, measures_html, summary_html, table_html
from captcha_core.ui.compare_view import picture_html, set_html
from captcha_core.ui.confidence import alternatives_html
from captcha_core.ui.html_parts import notice_html
from captcha_core.ui.read_html import panel_html

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


PAGES: dict[str, Callable[[str], str]] = {
    "table": lambda text: table_html(of_set(text), View(ALL, AS_SENT, 0.8, 1)),
    "measures": lambda text: measures_html(of_set(text)),
    "summary": lambda text: summary_html(of_set(text)),
    "refused": lambda text: notice_html(ImageError(text)),
    "models on a picture": lambda text: picture_html([Attempt(text, readings(text)[:1])] * 2, [text]),
    "models on a set": lambda text: set_html([Attempt(text, readings(text))] * 2, [text]),
    "reading": lambda text: panel_html(predicted(text), 0.8, Constraint(text)),
    "other readings": lambda text: alternatives_html(predicted(text)),
}


@pytest.mark.parametrize("name", PAGES)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(text=TEXTS)
def test_a_text_adds_no_element_and_no_attribute(name: str, text: str) -> None:
    plain = "a" * len(text)
    assert Elements(PAGES[name](text)).found == Elements(PAGES[name](plain)).found
