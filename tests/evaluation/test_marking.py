from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captcha_core.errors import ImageError
from captcha_core.evaluation.marking import (
    COLOURS,
    GAP,
    SIGNS,
    THUMBNAIL,
    aligned_lines,
    outcome_of,
    pair_up,
    printable,
    thumbnail,
    verdict,
)
from captcha_core.evaluation.metrics import char_errors
from tests.evaluation.helpers import read

TEXTS = st.text("abAB0 ", max_size=6)


def test_what_became_of_a_picture() -> None:
    assert outcome_of("aB", read("aB")) == "right"
    assert outcome_of("aB", read("ab")) == "wrong"
    assert outcome_of("", ImageError("gone")) == "not opened"
    assert len({SIGNS[outcome] for outcome in COLOURS}) == 3


def test_a_mistake_in_case_alone_is_named() -> None:
    assert (verdict("aB", "aB"), verdict("aB", "ab"), verdict("aB", "a8")) == ("right", "wrong case", "wrong")


@pytest.mark.parametrize(
    ("label", "text", "lines"),
    [
        ("abc", "abc", ("abc", "abc", "")),
        ("oj057", "ojo57", ("oj057", "ojo57", "  ^")),
        ("abc", "ac", ("abc", f"a{GAP}c", " ^")),
        ("ac", "abc", (f"a{GAP}c", "abc", " ^")),
        ("ab", "", ("ab", GAP * 2, "^^")),
        ("", "", ("", "", "")),
    ],
)
def test_lines_stand_below_one_another(label, text, lines) -> None:
    assert aligned_lines(label, text) == lines


@given(TEXTS, TEXTS)
def test_pairs_give_both_texts_back_and_count_the_errors(label, text) -> None:
    pairs = pair_up(label, text)
    assert "".join(truth for truth, _ in pairs) == label
    assert "".join(character for _, character in pairs) == text
    assert sum(truth != character for truth, character in pairs) == char_errors(label, text)
    assert all(truth or character for truth, character in pairs)


@given(st.text())
def test_what_is_printed_keeps_its_length_and_hides_nothing(text) -> None:
    shown = printable(text)
    assert len(shown) == len(text) and shown.isprintable()
    assert all(after == before or after == "\ufffd" for after, before in zip(shown, text, strict=True))


def test_a_lone_surrogate_can_be_written_to_a_file() -> None:
    assert printable("a\udcffb\n\u202e").encode() == "a\ufffdb\ufffd\ufffd".encode()


def test_a_thumbnail_is_bounded_and_the_picture_stays() -> None:
    large, small = Image.new("RGB", (4096, 100)), Image.new("RGB", (90, 40))
    assert thumbnail(large).size == (THUMBNAIL[0], 8) and large.size == (4096, 100)
    assert thumbnail(small).size == small.size and thumbnail(small) is not small
