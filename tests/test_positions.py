from __future__ import annotations

import numpy as np

from captcha_core.positions import best_lengths, given_lengths, text_lengths, text_probability


def test_text_lengths() -> None:
    classes = np.array([[0, 3, 1, 1, 3], [3, 0, 0, 0, 0], [1, 2, 0, 1, 2], [1, 2, 0, 1, 3]])
    assert text_lengths(classes, end=3).tolist() == [1, 0, 5, 4]


def test_a_text_is_worth_its_characters_and_its_end() -> None:
    probabilities = np.array([[[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]])
    worth = [text_probability(probabilities, np.array([[1, 0]]), np.array([n]))[0] for n in range(5)]
    assert np.allclose(worth, [0.2, 0.3 * 0.7, 0.3 * 0.1, 0, 0])


def test_a_possible_length_that_ties_with_another_is_kept() -> None:
    assert best_lengths(np.zeros((1, 3, 2)), 0, 3).tolist() == [3]
    assert best_lengths(np.zeros((1, 3, 2)), 0, 2).tolist() == [0]


def test_given_one_length_the_end_is_certain_there_and_nowhere_else() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), (2, 5))
    given = given_lengths(probabilities, 3, 3)
    assert np.allclose(given[:, :, 3], [0, 0, 0, 1, 0])
    assert np.allclose(given[:, :3].sum(axis=2), 1.0)


def test_given_any_length_nothing_changes() -> None:
    probabilities = np.random.default_rng(1).dirichlet(np.ones(4), (2, 5))
    assert np.allclose(given_lengths(probabilities, 0, None), probabilities)


def test_where_a_sure_end_leaves_nothing_there_is_no_division_by_nothing() -> None:
    probabilities = np.zeros((1, 3, 3))
    probabilities[..., 2] = 1.0
    assert (given_lengths(probabilities, 2, 2)[0, :2] == 0.0).all()
