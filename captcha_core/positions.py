"""Texts as one class per position, the last of which is the end: what texts of some lengths are worth.

The text of a sequence of classes stands before its first end; what comes after that is of no account. A sequence
without an end is a text of all its positions. The positions are independent given the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from captcha_core.ctc import Floats, Ints


def text_lengths(classes: Ints, end: int) -> Ints:
    """Return the number of positions before the first end class, shape (B,), of classes of shape (B, T)."""
    return np.asarray(((classes == end).cumsum(axis=1) == 0).sum(axis=1))


def text_probability(probabilities: Floats, texts: Ints, lengths: Ints) -> Floats:
    """Return the probability of texts, their end included, shape (B,).

    Args:
        probabilities: Of every class per position, (B, T, C + 1); class C is the end.
        texts: Classes, (B, T), padded with any.
        lengths: Characters of each text, (B,); one of more than T has the probability 0.
    """
    own = np.take_along_axis(probabilities, texts[..., None], axis=2)[..., 0]
    whole = np.pad(_before_each(own) * _end_at_each(probabilities), ((0, 0), (0, 1)))
    return whole[np.arange(len(whole)), np.minimum(lengths, own.shape[1] + 1)]


def best_lengths(scores: Floats, shortest: int, longest: int | None) -> Ints:
    """Return how long the text of the most likely sequence of possible length is, (B,).

    Where the most likely class of every position gives a possible length, that is the one.

    Args:
        scores: Logits, (B, T, C + 1); class C is the end. Minus infinity is for classes that may not occur.
        shortest: Fewest characters, at most T.
        longest: Most characters; None sets no limit.
    """
    largest = scores.max(axis=2)
    lengths = text_lengths(scores.argmax(axis=2), end=scores.shape[2] - 1)
    # Each length in place of the best sequence's: how much less its characters and its end score, before and at it.
    lost = np.pad(scores[..., :-1].max(axis=2) - largest, ((0, 0), (1, 0))).cumsum(axis=1)
    lost[:, :-1] += scores[..., -1] - largest
    possible = _possible(lost.shape[1], shortest, longest)
    return np.where(possible[lengths], lengths, np.where(possible, lost, -np.inf).argmax(axis=1))


def given_lengths(probabilities: Floats, shortest: int, longest: int | None) -> Floats:
    """Return probabilities, (B, T, C + 1), given that the text comes so far and has a possible length.

    Their product over a text and its end is the probability of the text given that its length is possible.

    Args:
        probabilities: Of every class per position; class C is the end.
        shortest: Fewest characters, at most T.
        longest: Most characters; None sets no limit.
    """
    tiny = np.finfo(np.float64).tiny
    going_on = probabilities[..., :-1].sum(axis=2)
    of_length = _before_each(going_on) * _end_at_each(probabilities)
    of_length *= _possible(of_length.shape[1], shortest, longest)
    this_or_longer = of_length[:, ::-1].cumsum(axis=1)[:, ::-1]
    given = np.empty_like(probabilities)
    given[..., -1] = of_length[:, :-1] / np.maximum(this_or_longer[:, :-1], tiny)
    onward = this_or_longer[:, 1:] / np.maximum(this_or_longer[:, :-1], tiny)
    given[..., :-1] = probabilities[..., :-1] * (onward / np.maximum(going_on, tiny))[..., None]
    return given


def _possible(count: int, shortest: int, longest: int | None) -> NDArray[np.bool_]:
    """Tell of the lengths 0, 1, ... whether they are possible, (count,)."""
    lengths = np.arange(count)
    return (lengths >= shortest) & (lengths <= (count if longest is None else longest))


def _before_each(values: Floats) -> Floats:
    """Return the product of the values before each position and of all, (B, T + 1)."""
    return np.pad(values, ((0, 0), (1, 0)), constant_values=1.0).cumprod(axis=1)


def _end_at_each(probabilities: Floats) -> Floats:
    """Return the probability of the end at each position, and after them all, where it is certain, (B, T + 1)."""
    return np.pad(probabilities[..., -1], ((0, 0), (0, 1)), constant_values=1.0)
