"""Confidence as words, numbers and a strip."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.prediction import Prediction
from captcha_core.ui.confidence import LEVELS, alternatives_html, level_of, strip_html, verdict_html
from captcha_core.ui.theme import DARK_LEVELS, LIGHT_LEVELS

probabilities = st.floats(0.0, 1.0)


@st.composite
def predictions(draw: st.DrawFn) -> Prediction:
    text = draw(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12))
    values = draw(st.lists(probabilities, min_size=len(text), max_size=len(text)))
    others = tuple((("<", 0.1),) for _ in text)
    return Prediction(text, draw(probabilities), tuple(values), others)


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(1.0, "Sure"), (0.95, "Sure"), (0.94, "Fairly sure"), (0.79, "Unsure"), (0.49, "A guess"), (0.0, "A guess")],
)
def test_words_follow_the_bands(confidence: float, words: str) -> None:
    assert level_of(confidence).words == words


def test_every_band_has_colours_in_light_and_dark() -> None:
    assert {level.name for level in LEVELS} == set(LIGHT_LEVELS) == set(DARK_LEVELS)


def test_verdict_has_words_number_and_bar() -> None:
    html = verdict_html(Prediction("AB", 0.625, (0.8, 0.9)))
    assert "<strong>Unsure</strong>" in html
    assert "62.5% probability" in html
    assert html.startswith('<p class="cl-verdict cl-unsure" role="status">'), "a screen reader tells it"
    assert "width:62.5%" in html


@pytest.mark.parametrize(
    ("confidence", "threshold", "words"),
    [
        (0.96, 0.9, "Sure"),
        (0.96, 0.95, "Unsure: position 3"),
        (0.6, 0.98, "Unsure: positions 2 and 3"),
        (0.3, 0.995, "A guess: positions 1, 2 and 3"),
    ],
)
def test_the_words_name_the_doubtful_positions(confidence: float, threshold: float, words: str) -> None:
    html = verdict_html(Prediction("ABC", confidence, (0.99, 0.97, 0.94)), threshold)
    assert f"<strong>{words}</strong>" in html


def test_the_table_has_a_row_per_position_and_columns_for_the_longest_row() -> None:
    html = alternatives_html(Prediction("a<", 0.5, (0.9, 0.6), ((("4", 0.05),), (("O", 0.3), ("<", 0.09)))))
    assert re.findall(r'scope="row">(\d)', html) == ["1", "2"]
    assert re.findall(r'scope="col">(\w+)', html) == ["Position", "Read", "2nd", "3rd"]
    assert all(row.count("<td>") == 3 for row in html.split("<tr>")[2:])
    assert "<b>&lt;</b> 60.0%" in html and "<b>O</b> 30.0%" in html
    assert "no other reading" in alternatives_html(Prediction("a", 0.5, (0.9,)))
    assert "no other reading" in alternatives_html(Prediction("a", 0.5, (0.9,), ((),)))


def test_repeated_characters_keep_their_own_confidence() -> None:
    html = strip_html(Prediction("AAAA", 0.1, (0.99, 0.85, 0.6, 0.3)))
    assert re.findall(r'cl-percent">(\d+)%', html) == ["99", "85", "60", "30"]
    assert re.findall(r"cl-cell cl-(\w+)", html) == ["sure", "fair", "unsure", "guess"]


def test_only_doubtful_characters_are_marked_and_show_the_next_best() -> None:
    html = strip_html(Prediction("a0", 0.5, (0.9, 0.6), ((("4", 0.05),), (("O", 0.39),))))
    cells = html.split("<li")[1:]
    assert "cl-mark" not in cells[0]
    assert "or <b>4</b>" not in cells[0]
    assert "cl-mark" in cells[1]
    assert "or <b>O</b> 39%" in cells[1]


def test_the_mark_is_explained_only_where_there_is_one() -> None:
    assert "“?”" in strip_html(Prediction("a", 0.5, (0.5,)))
    assert "“?”" not in strip_html(Prediction("a", 0.9, (0.9,)))


def test_a_doubtful_character_without_alternatives_is_still_marked() -> None:
    html = strip_html(Prediction("ab", 0.3, (0.5, 0.5), ((), ())))
    assert html.count("cl-mark") == 2
    assert "cl-other" not in html


@given(predictions())
def test_the_strip_escapes_everything_and_has_one_cell_per_character(prediction: Prediction) -> None:
    html = strip_html(prediction)
    assert html.count("<li") == len(prediction.text)
    # Nothing but the tags that the strip itself writes is left once these are taken out.
    assert "<" not in re.sub(r"</?(ol|li|span|b|p)\b[^<>]*>", "", html)
