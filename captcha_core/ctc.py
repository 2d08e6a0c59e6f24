"""Connectionist temporal classification (Graves et al. 2006): what a text is worth, summed over its paths.

A path is one class per time step; taking out repeats and then blanks gives its text. All sums here run on
probabilities whose largest class per time step is scaled to 1. The best path then weighs 1, so the text that it stands
for neither underflows nor loses digits however many time steps there are, and no logarithm is needed.

The states of a text of L characters are 2 L + 1: the characters with a blank before, between and after them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A tenth of what the last digit of a shown confidence stands for, over a hundred time steps.
_SURE = 1e-6

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def collapse(paths: Ints, blank: int) -> tuple[Ints, Ints]:
    """Take repeats, then blanks, out of paths.

    Args:
        paths: Classes, shape (B, T).
        blank: The class that stands for no character.

    Returns:
        Classes of the texts, shape (B, longest text), padded with class 0, and their lengths, shape (B,).
    """
    before = np.pad(paths, ((0, 0), (1, 0)), constant_values=blank)[:, :-1]
    kept = (paths != blank) & (paths != before)
    lengths = kept.sum(axis=1)
    texts = np.zeros((len(paths), lengths.max(initial=0)), np.int64)
    texts[np.nonzero(kept)[0], (kept.cumsum(axis=1) - 1)[kept]] = paths[kept]
    return texts, lengths


def time_steps_needed(text: str) -> int:
    """Return the fewest time steps in which CTC can write a text: a blank must part a character from its repeat."""
    return len(text) + sum(a == b for a, b in zip(text, text[1:], strict=False))


def scaled(probabilities: Floats) -> tuple[Floats, Floats]:
    """Scale probabilities, (B, T, C + 1), so that the largest per time step is 1.

    Returns:
        The scaled ones, and the logarithm of the product of what they were divided by, (B,).
    """
    largest = probabilities.max(axis=2, keepdims=True)
    return probabilities / largest, np.log(largest).sum(axis=(1, 2))


def without_sure_blanks(probabilities: Floats) -> Floats:
    """Return probabilities (B, T', C + 1) of one time step for each run of those that are blank for sure in all rows.

    Most time steps of a trained model are such. What is left out is worth less than ``_SURE`` per time step, and one
    blank stays to part a character from its repeat.

    Args:
        probabilities: Shape (B, T, C + 1); class C is the blank.
    """
    sure: NDArray[np.bool_] = np.all(probabilities[..., -1] > 1 - _SURE, axis=0)
    repeated = np.zeros_like(sure)
    repeated[1:] = sure[1:] & sure[:-1]
    return probabilities[:, ~repeated]


def text_probability(probabilities: Floats, texts: Ints, lengths: Ints) -> Floats:
    """Return the probability of texts, shape (B,), by the forward algorithm.

    Args:
        probabilities: Of every class per time step, shape (B, T, C + 1); class C is the blank.
        texts: Classes, shape (B, L), padded with any character.
        lengths: Characters of each text, shape (B,).
    """
    relative, log_weight = scaled(probabilities)
    return _total(_forward(_emissions(relative, texts), texts)[-1], lengths, log_weight)


def replacement_shares(probabilities: Floats, texts: Ints, lengths: Ints) -> tuple[Floats, Floats]:
    """Return the probability of texts, and how at each place it is shared among the characters that might stand there.

    The share of character ``c`` at place ``i`` is the probability of the text with its character ``i`` replaced by
    ``c``, divided by the sum of that over all characters.

    Replacing one character changes no forward sum of the states before it and no backward sum of those after it, so
    all replacements at all places take one more recursion over the time steps, instead of one each.

    Args:
        probabilities: Shape (B, T, C + 1); class C is the blank.
        texts: Classes, shape (B, L), padded with any character.
        lengths: Characters of each text, shape (B,).

    Returns:
        Probabilities (B,), and shares (B, L, C), which sum to 1 over the last axis at the places of a text.
    """
    relative, log_weight = scaled(probabilities)
    emissions = _emissions(relative, texts)
    forward = _forward(emissions, texts)
    whole = _total(forward[-1], lengths, log_weight)
    backward = _backward(emissions, texts, lengths)
    characters = relative[..., None, :-1].swapaxes(0, 1)
    from_blank, from_character = _entering(forward)
    to_blank, to_character = _leaving(emissions, backward, lengths)
    differs_before, differs_after = _differing(texts, characters.shape[-1])
    inside = from_blank + from_character * differs_before
    inside[0] *= characters[0]
    for step in range(1, len(characters)):
        inside[step] += inside[step - 1]
        inside[step] *= characters[step]
    sums = (inside * (to_blank + to_character * differs_after)).sum(axis=0)
    return whole, sums / np.maximum(sums.sum(axis=2, keepdims=True), np.finfo(np.float64).tiny)


def _emissions(probabilities: Floats, texts: Ints) -> Floats:
    """Return the probability of each state's class per time step, shape (T, B, 2 L + 1)."""
    blank = probabilities.shape[2] - 1
    states = np.full((len(texts), 2 * texts.shape[1] + 1), blank)
    states[:, 1::2] = texts
    return np.take_along_axis(probabilities, states[:, None, :], axis=2).swapaxes(0, 1)


def _skips(texts: Ints) -> Floats:
    """Return 1 for the states that the character two states before leads to, (B, 2 L + 1): not a blank nor a repeat."""
    allowed = np.zeros((len(texts), 2 * texts.shape[1] + 1))
    allowed[:, 3::2] = texts[:, 1:] != texts[:, :-1]
    return allowed


def _forward(emissions: Floats, texts: Ints) -> Floats:
    """Return the weight of all beginnings that end in each state at each time step, (T, B, 2 L + 1)."""
    skips = _skips(texts)
    sums = np.zeros_like(emissions)
    sums[0, :, :2] = emissions[0, :, :2]
    for step in range(1, len(emissions)):
        reached = sums[step - 1].copy()
        reached[:, 1:] += sums[step - 1, :, :-1]
        reached[:, 2:] += sums[step - 1, :, :-2] * skips[:, 2:]
        sums[step] = reached * emissions[step]
    return sums


def _backward(emissions: Floats, texts: Ints, lengths: Ints) -> Floats:
    """Return the weight of all endings after each state at each time step, without that step, (T, B, 2 L + 1)."""
    skips = _skips(texts)
    state, last = np.arange(emissions.shape[2]), 2 * lengths[:, None]
    sums = np.zeros_like(emissions)
    sums[-1] = (state == last) | (state == last - 1)
    for step in range(len(emissions) - 2, -1, -1):
        onward = sums[step + 1] * emissions[step + 1]
        sums[step] = onward
        sums[step, :, :-1] += onward[:, 1:]
        sums[step, :, :-2] += (onward * skips)[:, 2:]
    return sums


def _total(final: Floats, lengths: Ints, log_weight: Floats) -> Floats:
    """Return the probability of the paths that end in the last blank or the last character, (B,).

    Args:
        final: Sums at the last time step, (B, 2 L + 1).
        lengths: Characters of each text, (B,).
        log_weight: Logarithm of what the scaling took out, (B,).
    """
    rows, last = np.arange(len(final)), 2 * lengths
    in_character = np.where(lengths > 0, final[rows, np.maximum(last - 1, 0)], 0.0)
    # Rounding may carry a sure text past 1.
    return np.minimum((final[rows, last] + in_character) * np.exp(log_weight), 1.0)


def _entering(forward: Floats) -> tuple[Floats, Floats]:
    """Return the weight that comes to each place from the blank and from the character before it, (T, B, L, 1)."""
    blank = np.zeros_like(forward[:, :, :-1:2])
    character = np.zeros_like(blank)
    blank[1:] = forward[:-1, :, :-1:2]
    blank[0, :, :1] = 1.0
    character[1:, :, 1:] = forward[:-1, :, 1:-2:2]
    return blank[..., None], character[..., None]


def _leaving(emissions: Floats, backward: Floats, lengths: Ints) -> tuple[Floats, Floats]:
    """Return the weight of what follows each place by way of the blank and of the character after it, (T, B, L, 1)."""
    onward = emissions * backward
    blank = np.zeros_like(onward[:, :, 2::2])
    character = np.zeros_like(blank)
    blank[:-1] = onward[1:, :, 2::2]
    blank[-1] = np.arange(blank.shape[2]) == lengths[:, None] - 1
    character[:-1, :, :-1] = onward[1:, :, 3::2]
    return blank[..., None], character[..., None]


def _differing(texts: Ints, count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which of ``count`` characters differ from the one before and from the one after each place, (B, L, C)."""
    differs = texts[..., None] != np.arange(count)
    before, after = np.ones_like(differs), np.ones_like(differs)
    before[:, 1:], after[:, :-1] = differs[:, :-1], differs[:, 1:]
    return before, after
