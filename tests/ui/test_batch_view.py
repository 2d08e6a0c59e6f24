"""The table of a set: filters, order, pages, and nothing of a stranger's as HTML."""

from __future__ import annotations

import base64
import re

import pytest

from captcha_core.batch import Reading, evaluate_readings
from captcha_core.errors import ImageError
from captcha_core.prediction import Prediction
from captcha_core.ui.batch_view import (
    ALL,
    AS_SENT,
    DOUBTFUL,
    FAILED,
    LEAST_SURE,
    ROWS_PER_PAGE,
    SUREST,
    WRONG,
    Result,
    View,
    choose,
    counts,
    measures_html,
    summary_html,
    table_html,
)

EVIL = "<script>alert(1)</script>"


def reading(name: str, confidence: float | None, label: str | None = None, text: str = "ab") -> Reading:
    if confidence is None:
        return Reading(name, label, ImageError(f"{name} is damaged."), b"")
    return Reading(name, label, Prediction(text, confidence, (confidence,) * len(text)), b"RIFFwebp")


def result(*readings: Reading, notes: tuple[str, ...] = ()) -> Result:
    evaluation = evaluate_readings(readings, 1.0)
    return Result(readings, "model@1", 2.0, notes, ["file names"] if evaluation else (), evaluation)


SET = result(
    reading("1", 0.9, "ab"),
    reading("2", 0.3, "xy"),
    reading("3", None, "cd"),
    reading("4", 0.99, "aB"),
    reading("5", 0.7),
)


@pytest.mark.parametrize(
    ("show", "order", "names"),
    [
        (ALL, AS_SENT, "12345"),
        (ALL, LEAST_SURE, "32514"),
        (ALL, SUREST, "41523"),
        (DOUBTFUL, AS_SENT, "25"),
        (DOUBTFUL, SUREST, "52"),
        (FAILED, AS_SENT, "3"),
        (WRONG, AS_SENT, "234"),
    ],
)
def test_a_view_chooses_and_orders(show: str, order: str, names: str) -> None:
    assert "".join(r.name for r in choose(SET, View(show, order)).rows) == names
    assert counts(SET, 0.8)[show] == len(names)


def test_without_labels_there_is_no_filter_for_wrong_ones() -> None:
    plain = result(reading("1", 0.9))
    assert WRONG not in counts(plain, 0.8)
    assert measures_html(plain) == ""
    assert "Label" not in table_html(plain, View())


@pytest.mark.parametrize(
    ("asked", "page", "first", "rows"), [(1, 1, 0, 50), (3, 3, 100, 21), (9, 3, 100, 21), (-4, 1, 0, 50)]
)
def test_a_page_that_does_not_exist_is_the_nearest_that_does(asked: int, page: int, first: int, rows: int) -> None:
    assert ROWS_PER_PAGE == 50
    many = result(*(reading(str(i), 0.9) for i in range(121)))
    chosen = choose(many, View(page=asked))
    assert (chosen.page, chosen.pages) == (page, 3)
    assert [r.name for r in chosen.shown] == [str(i) for i in range(first, first + rows)]
    assert table_html(many, View(page=asked)).count("<img") == rows, "only the pictures of the page are in it"


def test_a_row_tells_its_text_confidence_label_and_file() -> None:
    table = table_html(SET, View())
    for expected in ("ab", "30.0%", "cl-guess", "doubtful", "✓ right", "✗ wrong", "3 is damaged.", "data:image/webp"):
        assert expected in table
    assert table_html(SET, View(DOUBTFUL, doubtful_below=0.1)) == '<p class="cl-note">No picture is of this kind.</p>'


def test_the_figures_name_where_the_labels_come_from_and_the_mistakes() -> None:
    html = measures_html(SET)
    for expected in ("file names", "Exact match", "25.0%", "50.0%", "Most frequent confusions", "Worst mistakes"):
        assert expected in html
    assert html.index("99.0%") < html.index("30.0%"), "the surest mistake comes first"


def test_the_summary_says_what_was_read_by_what() -> None:
    html = summary_html(result(reading("1", 0.9), reading("2", None), notes=("One thing.",)))
    for expected in ("1 of 2 pictures read", "2.0 s", "model@1", "<li>One thing.</li>"):
        assert expected in html


def test_a_mistake_is_shown_with_its_own_picture() -> None:
    twins = [
        Reading("a.png", "ab", Prediction("xx", 0.9, (0.9,) * 2), b"first"),
        Reading("a.png", "ab", Prediction("ab", 0.9, (0.9,) * 2), b"second"),
        Reading("b.png", None, Prediction("ab", 0.9, (0.9,) * 2), b"third"),
        Reading("a.png", "ab", Prediction("yy", 0.8, (0.8,) * 2), b"fourth"),
    ]
    mistakes = measures_html(result(*twins)).partition("Worst mistakes")[2]
    shown = re.findall(r"base64,([^\"]+)", mistakes)
    assert [base64.b64decode(picture) for picture in shown] == [b"first", b"fourth"]


def test_what_was_read_is_told_to_a_screen_reader() -> None:
    assert 'role="status"' in summary_html(SET)


def test_nothing_of_a_stranger_is_html() -> None:
    evil = Reading(EVIL, EVIL, Prediction(EVIL, 0.9, (0.9,) * len(EVIL)), b"")
    other = Reading("x", EVIL, ImageError(f"{EVIL} is damaged."), b"")
    mistake = Reading(EVIL, "x", Prediction(EVIL, 0.9, (0.9,) * len(EVIL)), b"")
    shown = result(evil, other, mistake, notes=(EVIL,))
    for part in (table_html(shown, View()), summary_html(shown), measures_html(shown)):
        assert "<script" not in part
