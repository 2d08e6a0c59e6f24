from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.agreement import agreed, position_classes
from captcha_core.alphabet import Alphabet
from captcha_core.decoding import Decoded, decode_ctc

ABC = Alphabet("abc")


def sure_of(text: str, positions: int = 5, by: float = 0.97) -> np.ndarray:
    """Return probabilities (positions, 4) that are so sure of every character of a text and of its end."""
    probabilities = np.full((positions, 4), (1 - by) / 3)
    for place, c in enumerate([*ABC.encode(text), 3][:positions]):
        probabilities[place, c] = by
    return probabilities


def reading(text: str, confidence: float, *places: float) -> Decoded:
    others = [[(c, (1 - p) / 2) for c in "abc" if c != own] for own, p in zip(text, places, strict=True)]
    return Decoded(text, confidence, places, tuple(map(tuple, others)))


def test_by_hand() -> None:
    second = np.array([[0.5, 0.4, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4], [0.1, 0.1, 0.1, 0.7]])
    both = agreed(reading("ab", 0.6, 0.8, 0.9), second, ABC)
    assert both.text == "ab"
    assert both.confidence == pytest.approx((0.6 * 0.5 * 0.2 * 0.7) ** 0.5)
    assert both.char_confidences == pytest.approx(((0.8 * 0.5) ** 0.5, (0.9 * 0.2) ** 0.5))
    assert both.alternatives[0] == (("b", pytest.approx((0.1 * 0.4) ** 0.5)), ("c", pytest.approx((0.1 * 0.1) ** 0.5)))
    assert [c for c, _ in both.alternatives[1]] == ["c", "a"], "the most likely first, by both"


def test_two_sure_opinions_that_agree_stay_sure() -> None:
    both = agreed(reading("abc", 0.99, 0.99, 0.99, 0.99), sure_of("abc", by=0.999), ABC)
    assert both.confidence > 0.99 and min(both.char_confidences) > 0.99


@pytest.mark.parametrize("other", ["abb", "ab", "abca", "bca", ""])
def test_a_second_opinion_that_differs_lowers_the_confidence(other: str) -> None:
    first = reading("abc", 0.99, 0.99, 0.99, 0.99)
    both = agreed(first, sure_of(other), ABC)
    assert both.text == "abc"
    assert both.confidence < 0.2 < agreed(first, sure_of("abc"), ABC).confidence


def test_the_character_that_is_doubted_is_named() -> None:
    both = agreed(reading("abc", 0.99, 0.99, 0.99, 0.99), sure_of("acc"), ABC)
    assert [value < 0.2 for value in both.char_confidences] == [False, True, False]
    assert both.alternatives[1][0][0] == "c"


@given(st.integers(0, 10_000), st.sampled_from([0.1, 1.0, 10.0, 300.0]), st.integers(1, 9))
def test_it_is_never_surer_than_the_surer_and_never_less_sure_than_the_less_sure(seed, scale, count) -> None:
    rng = np.random.default_rng(seed)
    (first,) = decode_ctc(rng.normal(0, scale, (1, 9, 4)), ABC)
    second = np.exp(rng.normal(0, min(scale, 100), (count, 4)))
    second /= second.sum(axis=1, keepdims=True)
    both = agreed(first, second, ABC)
    classes = [*ABC.encode(first.text), 3]
    # A text of more characters than there are positions is none that the second could write.
    of_second = [second[i, c] for i, c in enumerate(classes[:count])] + [0.0] * (len(first.text) - count)
    whole = float(np.prod(of_second))
    assert min(first.confidence, whole) * (1 - 1e-12) - 1e-150 <= both.confidence
    assert both.confidence <= max(first.confidence, whole)
    assert both.confidence <= min(both.char_confidences, default=1.0) + 1e-12
    for before, after, own in zip(first.char_confidences, both.char_confidences, of_second, strict=False):
        assert after == pytest.approx((before * own) ** 0.5)
    for less, more in zip(first.alternatives, both.alternatives, strict=True):
        assert {c for c, _ in less} == {c for c, _ in more}
        assert [p for _, p in more] == sorted((p for _, p in more), reverse=True)


def test_what_is_beyond_the_positions_has_no_probability() -> None:
    three = reading("abc", 0.9, 0.9, 0.9, 0.9)
    both = agreed(three, sure_of("ab", positions=2), ABC)
    assert both.confidence == 0.0 and both.char_confidences[2] == 0.0
    assert both.char_confidences[:2] == pytest.approx(((0.9 * 0.97) ** 0.5,) * 2)
    # A text of all positions needs no end.
    assert agreed(three, sure_of("abc", positions=3), ABC).confidence == pytest.approx((0.9 * 0.97**3) ** 0.5)


def test_an_empty_text_is_as_sure_as_both_are_of_the_end() -> None:
    both = agreed(Decoded("", 0.5, (), ()), sure_of("", by=0.8), ABC)
    assert both == Decoded("", both.confidence, (), ()) and both.confidence == pytest.approx(0.4**0.5)


def test_texts_as_classes() -> None:
    classes, lengths = position_classes(["ab", "", "cccc"], ABC, 3)
    assert classes.tolist() == [[0, 1, 0], [0, 0, 0], [2, 2, 2]] and lengths.tolist() == [2, 0, 4]
    assert position_classes([], ABC, 3)[0].shape == (0, 3)
