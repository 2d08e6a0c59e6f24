"""CTC sums against every path written out, and against torch's own loss."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.ctc import (
    collapse,
    replacement_shares,
    text_probability,
    time_steps_needed,
    without_sure_blanks,
)

CASES = st.tuples(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 3))


def random_probabilities(seed: int, batch: int, steps: int, characters: int) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0, 2, (batch, steps, characters + 1))
    weights = np.exp(scores)
    return weights / weights.sum(axis=2, keepdims=True)


def brute_force(probabilities: np.ndarray) -> dict[tuple[int, ...], float]:
    """Return the probability of every text by going through all paths of one picture (T, C + 1)."""
    steps, classes = probabilities.shape
    texts: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        text = tuple(c for c, _ in itertools.groupby(path) if c != classes - 1)
        texts[text] = texts.get(text, 0.0) + float(np.prod(probabilities[np.arange(steps), path]))
    return texts


@given(CASES)
def test_a_text_is_worth_the_sum_of_its_paths(case: tuple[int, int, int]) -> None:
    seed, steps, characters = case
    probabilities = random_probabilities(seed, 2, steps, characters)
    texts, lengths = collapse(probabilities.argmax(axis=2), blank=characters)
    found = text_probability(probabilities, texts, lengths)
    for i in range(2):
        text = tuple(texts[i, : lengths[i]].tolist())
        assert found[i] == pytest.approx(brute_force(probabilities[i])[text])


@given(CASES)
def test_a_place_is_shared_as_the_replaced_texts_are(case: tuple[int, int, int]) -> None:
    seed, steps, characters = case
    probabilities = random_probabilities(seed, 3, steps, characters)
    texts, lengths = collapse(probabilities.argmax(axis=2), blank=characters)
    whole, shares = replacement_shares(probabilities, texts, lengths)
    assert whole == pytest.approx(text_probability(probabilities, texts, lengths))
    for i in range(3):
        weights = brute_force(probabilities[i])
        text = tuple(texts[i, : lengths[i]].tolist())
        for place in range(len(text)):
            replaced = [weights.get((*text[:place], c, *text[place + 1 :]), 0.0) for c in range(characters)]
            assert shares[i, place] == pytest.approx(np.array(replaced) / sum(replaced))


def test_agrees_with_torch_on_many_time_steps() -> None:
    probabilities = random_probabilities(3, 4, 40, 10)
    texts, lengths = collapse(probabilities.argmax(axis=2), blank=10)
    logs = torch.from_numpy(np.log(probabilities)).transpose(0, 1)
    targets, sizes = torch.from_numpy(texts), torch.from_numpy(lengths)
    losses = torch.nn.functional.ctc_loss(logs, targets, torch.full((4,), 40), sizes, blank=10, reduction="none")
    assert np.log(text_probability(probabilities, texts, lengths)) == pytest.approx(-losses.numpy())


def test_hundreds_of_unsure_time_steps_do_not_underflow() -> None:
    scores = np.random.default_rng(1).normal(0, 0.1, (1, 500, 21))
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    texts, lengths = collapse(probabilities.argmax(axis=2), blank=20)
    _, shares = replacement_shares(probabilities, texts, lengths)
    assert shares.sum(axis=2) == pytest.approx(np.ones((1, int(lengths[0]))))


def test_no_probability_is_above_one() -> None:
    # One character for sure, then it or a blank: rounding makes the sum of both paths 1 and a little.
    weights = np.exp(np.array([[[0.0, -np.inf], [0.0, -0.7]]]))
    probabilities = weights / weights.sum(axis=2, keepdims=True)
    assert text_probability(probabilities, np.array([[0]]), np.array([1])).tolist() == [1.0]


def test_collapse_keeps_a_repeat_that_a_blank_parts() -> None:
    texts, lengths = collapse(np.array([[0, 0, 2, 0, 1], [2, 2, 2, 2, 2], [1, 1, 1, 1, 1]]), blank=2)
    assert lengths.tolist() == [3, 0, 1]
    assert texts.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert collapse(np.array([[2, 2]]), blank=2)[0].shape == (1, 0)


def test_a_text_of_nothing_is_the_path_of_blanks() -> None:
    probabilities = np.full((1, 3, 2), 0.5)
    probabilities[..., 1] = 0.6
    probabilities /= probabilities.sum(axis=2, keepdims=True)
    whole, shares = replacement_shares(probabilities, np.zeros((1, 0), np.int64), np.array([0]))
    assert whole[0] == pytest.approx((0.6 / 1.1) ** 3)
    assert shares.shape == (1, 0, 1)


@pytest.mark.parametrize(("text", "steps"), [("", 0), ("abc", 3), ("aab", 4), ("aaa", 5)])
def test_time_steps_needed_counts_repeats(text: str, steps: int) -> None:
    assert time_steps_needed(text) == steps


@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(1, 4))
def test_sure_blanks_are_worth_nothing(seed: int, steps: int, characters: int) -> None:
    probabilities = random_probabilities(seed, 2, steps, characters)
    sure = np.random.default_rng(seed + 1).random(steps) < 0.7
    probabilities[:, sure] = 1e-8
    probabilities[:, sure, -1] = 1 - characters * 1e-8
    kept = without_sure_blanks(probabilities)
    assert kept.shape[1] <= (~sure).sum() + np.diff(np.concatenate([[0], sure])).clip(min=0).sum()
    texts, lengths = collapse(probabilities.argmax(axis=2), blank=characters)
    again, same_lengths = collapse(kept.argmax(axis=2), blank=characters)
    assert np.array_equal(texts, again) and np.array_equal(lengths, same_lengths)
    whole, shares = replacement_shares(probabilities, texts, lengths)
    kept_whole, kept_shares = replacement_shares(kept, texts, lengths)
    assert np.allclose(whole, kept_whole, atol=1e-5)
    inside = np.arange(texts.shape[1]) < lengths[:, None]
    assert np.allclose(shares[inside], kept_shares[inside], atol=1e-5)


def test_a_blank_that_parts_a_repeat_stays() -> None:
    path = np.array([[0, 2, 2, 2, 0, 1]])
    probabilities = np.eye(3)[path] * (1 - 3e-9) + 1e-9
    kept = without_sure_blanks(probabilities)
    assert kept.shape == (1, 4, 3)
    assert collapse(kept.argmax(axis=2), blank=2)[0].tolist() == [[0, 0, 1]]
