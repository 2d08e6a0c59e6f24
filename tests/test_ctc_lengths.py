"""Possible lengths where plain arithmetic would fail; the tests of the decoding hold every small case."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from captcha_core.ctc import collapse, replacement_shares
from captcha_core.ctc_lengths import best_paths, given_lengths


def peaked(text: str, width: int, gap: float) -> np.ndarray:
    """Return scores (1, T, 4) over ``abc`` and the blank ``-`` that prefer the classes of a text by so much."""
    scores = np.zeros((1, len(text) * width, 4))
    for step, character in enumerate(np.repeat(list(text), width)):
        scores[0, step, "abc-".index(character)] = gap
    return scores


def softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    return weights / weights.sum(axis=2, keepdims=True)


def text_of(paths: np.ndarray, blank: int = 3) -> str:
    texts, lengths = collapse(paths, blank)
    return "".join("abc"[c] for c in texts[0, : lengths[0]])


def confidence(scores: np.ndarray, shortest: int, longest: int | None) -> float:
    texts, lengths = collapse(best_paths(scores, shortest, longest), scores.shape[2] - 1)
    return float(replacement_shares(given_lengths(softmax(scores), shortest, longest), texts, lengths)[0][0])


@pytest.mark.parametrize(("shortest", "longest"), [(0, None), (3, 3), (2, None), (0, 12), (1, 99)])
def test_the_most_likely_classes_are_the_path_where_their_text_is_possible(shortest, longest) -> None:
    scores = peaked("-a-bb-c-", 2, 5.0)
    assert (best_paths(scores, shortest, longest) == scores.argmax(axis=2)).all()


def test_a_shorter_text_leaves_out_what_costs_least() -> None:
    scores = peaked("-a-b-c-", 3, 20.0)
    scores[0, 9:12] *= 0.5  # The b is least sure.
    path = best_paths(scores, 2, 2)
    assert text_of(path) == "ac"
    assert "".join("abc-"[c] for c in path[0]) == "---aaa---------ccc---"
    assert text_of(best_paths(scores, 0, 1)) in ("a", "c")
    assert text_of(best_paths(scores, 0, 0)) == ""


def test_a_longer_text_adds_what_costs_least() -> None:
    scores = peaked("-a-a-", 2, 20.0)
    scores[0, 4, 1] = 12.0  # Between the two a there may be a b.
    assert text_of(best_paths(scores, 3, 3)) == "aba"
    assert text_of(best_paths(scores, 3, None)) == "aba"


def test_a_longer_text_may_be_longer_than_need_be() -> None:
    scores = peaked("aaaaa", 1, 20.0)
    scores[0, 2, 1] = 12.0
    assert text_of(best_paths(scores, 2, None)) == "aba"
    assert text_of(best_paths(scores, 2, 2)) in ("ab", "ba", "ac", "ca", "aa")


@pytest.mark.parametrize("longest", [None, 4])
def test_the_path_is_the_most_likely_of_all_that_are_possible(longest: int | None) -> None:
    every = np.array(list(itertools.product(range(4), repeat=6)))
    lengths = collapse(every, blank=3)[1]
    possible = every[(lengths >= 2) & (lengths <= (6 if longest is None else longest))]
    for seed in range(30):
        # Another class within a run makes one character three, which is often the cheapest way to two or more.
        scores = np.random.default_rng(seed).normal([3, 0, 0, 0], 2, (1, 6, 4))
        best = possible[scores[0, np.arange(6), possible].sum(axis=1).argmax()]
        assert best_paths(scores, 2, longest)[0].tolist() == best.tolist()


def test_what_is_next_to_impossible_keeps_its_share() -> None:
    # Among a's of weight 1 the second character weighs 1e-26, which a difference of two sums could not tell from 0.
    scores = peaked("aaaa", 1, 60.0)
    scores[0, 3, 1] = 0.5
    # Two characters: ab, ac, ba, ca and, with a blank between, aa; those that end in b at the last step are favoured.
    assert text_of(best_paths(scores, 2, 2)) == "ab"
    weight = np.exp(0.5)
    # Each class but a costs the same; aa takes a blank at either inner step.
    assert confidence(scores, 2, 2) == pytest.approx(weight / (weight + 1 + 2 + 2), rel=1e-6)


def test_many_unsure_time_steps_do_not_underflow() -> None:
    scores = np.random.default_rng(0).normal(0, 0.1, (1, 600, 4))
    # The probability of two characters is below 1e-300, their share among all texts of two is not.
    assert 1e-3 < confidence(scores, 2, 2) < 1.0


def test_more_paths_than_numbers_can_count_do_not_overflow() -> None:
    scores = np.random.default_rng(0).normal(0, 0.1, (1, 600, 9))
    given = given_lengths(softmax(scores), 20, None)
    assert given == pytest.approx(softmax(scores)), "nearly every path writes 20 characters or more"


def test_what_is_beyond_the_numbers_is_read_with_no_confidence() -> None:
    scores = peaked("-a-b-", 2, 1e4)
    assert text_of(best_paths(scores, 4, 4)) != "" and len(text_of(best_paths(scores, 4, 4))) == 4
    assert confidence(scores, 4, 4) == 0.0
    assert (given_lengths(softmax(scores), 4, 4) == softmax(scores)).all()
