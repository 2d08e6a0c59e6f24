"""CTC where only texts of some lengths are possible: the best path, and what all possible paths are worth.

Whether a path is possible depends on how many characters it writes. So the states of a time step are pairs: characters
written so far, and class of the step. One recursion over them gives the most likely path (Viterbi 1967), when the
largest joins and the sum extends, and the worth of all paths, when the sum joins and the product extends.

Where there is a longest text, the pairs that would write more are left out. Where there is none, the shortest text is
the highest count, and stands for itself and all above. So T time steps cost T x characters x classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from captcha_core.ctc import Floats, Ints, collapse, scaled


class _Ways(NamedTuple):
    """How the ways to a state are counted: by the best of them, or by their sum.

    Attributes:
        join: Makes one value of those of two ways.
        extend: Makes the value of a longer way of its own and a time step's.
        nothing: The value of no way at all.
        start: The value of a way without steps.
        without: Makes, of several ways' joined value and their own, for each what the others are joined to; it need
            not be right for the best way.
    """

    join: np.ufunc
    extend: np.ufunc
    nothing: float
    start: float
    without: Callable[[Floats, Floats], Floats]


_BEST = _Ways(np.maximum, np.add, -np.inf, 0.0, lambda whole, ways: whole + np.zeros_like(ways))
_ALL = _Ways(np.add, np.multiply, 0.0, 1.0, np.subtract)


def best_paths(scores: Floats, shortest: int, longest: int | None) -> Ints:
    """Return the most likely path, (B, T), among those whose text has a possible length.

    Where the most likely class of every time step gives such a text, that is the path.

    Args:
        scores: Logits, (B, T, C + 1); class C is the blank. Minus infinity is for classes that may not occur.
        shortest: Fewest characters; the time steps must be enough for them.
        longest: Most characters; None sets no limit.
    """
    paths = scores.argmax(axis=2)
    lengths = collapse(paths, blank=scores.shape[2] - 1)[1]
    outside = (lengths < shortest) | (lengths > (scores.shape[1] if longest is None else longest))
    if outside.any():
        paths[outside] = _viterbi(scores[outside], shortest, longest)
    return paths


def given_lengths(probabilities: Floats, shortest: int, longest: int | None) -> Floats:
    """Return probabilities, (B, T, C + 1), times a factor per picture so that the possible paths sum to 1.

    The sums of :mod:`captcha_core.ctc` over them are then probabilities given that the length is possible; shares stay
    as they are. Where the possible paths are worth less than floating-point numbers can hold beside the
    best of all, the factor is 1: the confidence, too, is then next to nothing.

    Args:
        probabilities: Of every class per time step; class C is the blank.
        shortest: Fewest characters.
        longest: Most characters; None sets no limit.
    """
    steps = probabilities.shape[1]
    relative, log_weight = scaled(probabilities)
    states = _start(probabilities.shape, shortest, longest, _ALL)
    for step in range(steps):
        states = _step(states, relative[:, step], _open_ended(longest, steps), _ALL)
        # The best path weighs 1 at most, but there are more paths than numbers can count.
        largest = np.maximum(states.max(axis=(1, 2)), 1.0)
        states /= largest[:, None, None]
        log_weight += np.log(largest)
    whole = states[:, shortest:].sum(axis=(1, 2))
    logs = np.where(whole > 0, np.log(np.maximum(whole, np.finfo(np.float64).tiny)) + log_weight, 0.0)
    return probabilities * np.exp(-logs / steps)[:, None, None]


def _start(shape: tuple[int, ...], shortest: int, longest: int | None, ways: _Ways) -> Floats:
    """Return what each pair of count and class is worth before the first time step, (B, counts, C + 1).

    Nothing is written yet, and as after a blank any character may come.
    """
    batch, steps, classes = shape
    highest = shortest if longest is None or _open_ended(longest, steps) else longest
    states = np.full((batch, highest + 1, classes), ways.nothing)
    states[:, 0, -1] = ways.start
    return states


def _step(states: Floats, values: Floats, open_ended: bool, ways: _Ways) -> Floats:
    """Return what each pair of count and class is worth one time step later, (B, counts, C + 1).

    Args:
        states: What they are worth before it.
        values: Of every class at the time step, (B, C + 1).
        open_ended: Whether the highest count stands for itself and all above.
        ways: What to join and extend by.
    """
    any_class, others = _joined(states, ways)
    reached = states.copy()
    # A class after another one is one more character; all but the blank, which is set below.
    ways.join(reached[:, 1:], others[:, :-1], out=reached[:, 1:])
    if open_ended:
        ways.join(reached[:, -1], others[:, -1], out=reached[:, -1])
    reached[..., -1] = any_class
    return np.asarray(ways.extend(reached, values[:, None]))


def _open_ended(longest: int | None, steps: int) -> bool:
    """Tell whether the highest count stands for all above: so many time steps write no more characters anyway."""
    return longest is None or longest >= steps


def _joined(states: Floats, ways: _Ways) -> tuple[Floats, Floats]:
    """Join all classes, (B, counts), and for each class all others, (B, counts, C + 1).

    For the best class the others are joined by themselves: a difference of two sums would lose their digits.
    """
    flat = states.reshape(-1, states.shape[2])
    rows, best = np.arange(len(flat)), flat.argmax(axis=1)
    largest, rest = flat[rows, best], flat.copy()
    rest[rows, best] = ways.nothing
    second = ways.join.reduce(rest, axis=1)
    whole = ways.join(largest, second)
    others = ways.without(whole[:, None], flat)
    others[rows, best] = second
    return whole.reshape(states.shape[:2]), others.reshape(states.shape)


def _viterbi(scores: Floats, shortest: int, longest: int | None) -> Ints:
    """Return the most likely possible path, (B, T), by going back from the best end."""
    batch, steps, classes = scores.shape
    open_ended = _open_ended(longest, steps)
    states = [_start(scores.shape, shortest, longest, _BEST)]
    for step in range(steps):
        states.append(_step(states[-1], scores[:, step], open_ended, _BEST))
    final = states.pop()[:, shortest:].reshape(batch, -1).argmax(axis=1)
    counts, last = shortest + final // classes, final % classes
    top = states[0].shape[1] - 1 if open_ended else -1
    paths = np.empty((batch, steps), np.int64)
    for step in range(steps - 1, -1, -1):
        paths[:, step] = last
        counts, last = _before(states[step], counts, last, top)
    return paths


def _before(states: Floats, counts: Ints, last: Ints, top: int) -> tuple[Ints, Ints]:
    """Return count and class of the best state, (B,) each, from which a state was reached.

    Args:
        states: What each state was worth a time step before, (B, counts, C + 1).
        counts: Characters written with the step, (B,).
        last: Class of the step, (B,).
        top: The count that stands for all above; -1 where there is none.
    """
    rows, classes = np.arange(len(last)), states.shape[2]
    is_blank = last == classes - 1
    repeats = last[:, None] == np.arange(classes)
    # A blank follows anything, a character itself; under the highest count one more character changes nothing.
    same = np.where((is_blank | (counts == top))[:, None] | repeats, states[rows, counts], -np.inf)
    may_add = (~is_blank & (counts > 0))[:, None] & ~repeats
    fewer = np.where(may_add, states[rows, np.maximum(counts - 1, 0)], -np.inf)
    best = np.concatenate([same, fewer], axis=1).argmax(axis=1)
    return counts - best // classes, best % classes
