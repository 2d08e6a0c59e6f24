from __future__ import annotations

from unittest.mock import patch

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.errors import ImageError
from captcha_core.evaluation.metrics import Confusion, char_errors, evaluate_predictions
from captcha_core.prediction import Prediction

TEXTS = st.text("abAB0 ", max_size=6)


def read(text: str, confidence: float = 0.5) -> Prediction:
    return Prediction(text, confidence, (confidence,) * len(text))


def test_figures_by_hand() -> None:
    metrics = evaluate_predictions(["abc", "AbC", "abcd"], [read("abc"), read("abc"), read("axc")])
    assert metrics.n == 3 and metrics.unreadable == 0
    assert metrics.exact_match == pytest.approx(1 / 3)
    assert metrics.exact_match_folded == pytest.approx(2 / 3)
    # 10 characters: A and C in the wrong case, b read as x, d missed.
    assert metrics.char_accuracy == pytest.approx(6 / 10)
    assert metrics.cer == pytest.approx(4 / 10)
    assert metrics.ece == pytest.approx(abs(0.5 - 1 / 3))
    assert metrics.aurc == pytest.approx(2 / 3), "all are equally sure"
    assert metrics.coverage_at_99 == 0.0
    assert metrics.confusions == (
        Confusion("A", "a", 1),
        Confusion("C", "c", 1),
        Confusion("b", "x", 1),
        Confusion("d", "", 1),
    )


def test_characters_written_beyond_the_label_raise_cer_and_not_char_accuracy() -> None:
    metrics = evaluate_predictions(["ab"], [read("abzz")])
    assert metrics.char_accuracy == 1.0
    assert metrics.cer == pytest.approx(1.0)
    assert metrics.confusions == (Confusion("", "z", 2),)


def test_confusions_are_counted_and_ordered() -> None:
    metrics = evaluate_predictions(["z2z", "zb", "b", "5"], [read("22z"), read("2b"), read("h"), read("s")])
    assert metrics.confusions == (Confusion("z", "2", 2), Confusion("5", "s", 1), Confusion("b", "h", 1))


def test_an_unreadable_picture_is_wrong_even_with_an_empty_label() -> None:
    metrics = evaluate_predictions(["", "ab"], [ImageError("gone"), ImageError("gone")])
    assert (metrics.n, metrics.unreadable) == (2, 2)
    assert metrics.exact_match == metrics.exact_match_folded == metrics.char_accuracy == metrics.ece == 0.0
    assert metrics.cer == 1.0
    assert metrics.confusions == ()


def test_an_unreadable_picture_stays_out_of_calibration_and_confusions() -> None:
    metrics = evaluate_predictions(["ab", "ab"], [read("ab", 1.0), ImageError("gone")])
    assert metrics.exact_match == 0.5
    assert metrics.ece == 0.0
    assert metrics.confusions == ()


def test_for_accepting_by_confidence_an_unreadable_picture_is_wrong_and_not_sure() -> None:
    metrics = evaluate_predictions(["ab", "ab", ""], [read("ab", 0.9), read("ab", 0.2), ImageError("gone")])
    assert metrics.aurc == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert metrics.coverage_at_99 == pytest.approx(2 / 3)
    assert evaluate_predictions([""], [ImageError("gone")]).coverage_at_99 == 0.0
    fifty = evaluate_predictions(["ab"] * 50, [*[read("ab", 0.9)] * 49, read("a", 0.1)])
    assert fifty.coverage_at_99 == pytest.approx(0.98), "with all, 98% are right"


def test_empty_texts_and_labels() -> None:
    nothing = evaluate_predictions([""], [read("")])
    assert (nothing.exact_match, nothing.char_accuracy, nothing.cer) == (1.0, 1.0, 0.0)
    assert evaluate_predictions(["ab"], [read("")]).cer == 1.0
    assert evaluate_predictions([""], [read("ab")]).cer == 2.0


def test_white_space_at_the_ends_counts() -> None:
    assert evaluate_predictions([" ab"], [read("ab")]).cer == pytest.approx(1 / 3)


@pytest.mark.parametrize(("labels", "predictions"), [([], []), (["a"], []), (["a"], [read("a"), read("a")])])
def test_what_does_not_pair_up_is_refused(labels, predictions) -> None:
    with pytest.raises(ValueError, match="in pairs"):
        evaluate_predictions(labels, predictions)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
def test_invariants(pairs) -> None:
    labels, texts = [label for label, _ in pairs], [text for _, text in pairs]
    metrics = evaluate_predictions(labels, [read(text) for text in texts])
    assert 0.0 <= metrics.exact_match <= metrics.exact_match_folded <= 1.0
    assert 0.0 <= metrics.char_accuracy <= 1.0
    assert (metrics.exact_match == 1.0) == (metrics.cer == 0.0)
    errors = sum(char_errors(label, text) for label, text in pairs)
    assert errors == sum(c.times for c in metrics.confusions)
    assert metrics.cer == pytest.approx(errors / (sum(map(len, labels)) or 1))
    if all(text == text.strip() and label == label.strip() for label, text in pairs):
        assert metrics.cer == pytest.approx(jiwer.cer(labels, texts))


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8), st.integers(1, 4))
def test_texts_that_are_aligned_in_parts_give_the_same_figures(pairs, together) -> None:
    labels, readings = [label for label, _ in pairs], [read(text) for _, text in pairs]
    with patch("captcha_core.evaluation.metrics._TOGETHER", together):
        in_parts = evaluate_predictions(labels, readings)
    assert in_parts == evaluate_predictions(labels, readings)
