"""The intervals of a sweep: published examples, invariants, and how often they hold what they promise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.evaluation.sweep_intervals import Bools, character_share, paired_fall, share_of


def some(right: int, wrong: int) -> Bools:
    return np.array([True] * right + [False] * wrong)


def paired(both: int, lost: int, gained: int, neither: int) -> tuple[Bools, Bools]:
    return (
        np.array([True] * (both + lost) + [False] * (gained + neither)),
        np.array([True] * both + [False] * lost + [True] * gained + [False] * neither),
    )


def test_wilsons_interval_of_81_in_263() -> None:
    """Newcombe (1998), Statistics in Medicine 17:857-872, table I."""
    assert share_of(some(81, 182)) == pytest.approx((81 / 263, 0.2553, 0.3662), abs=5e-5)


def test_wilsons_ends_solve_its_equation() -> None:
    for right, wrong in ((3, 9), (50, 1), (7, 7)):
        value, low, high = share_of(some(right, wrong))
        for end in (low, high):
            assert abs(value - end) == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / (right + wrong)), rel=1e-5)


def test_all_right_and_none_right_are_not_certain() -> None:
    assert share_of(some(10, 0)) == pytest.approx((1.0, 0.7225, 1.0), abs=5e-5)
    assert share_of(some(0, 10)) == pytest.approx((0.0, 0.0, 0.2775), abs=5e-5)


def test_newcombes_paired_interval() -> None:
    """The worked 2 x 2 table 36, 12, 2, 0 of Newcombe (1998), Statistics in Medicine 17:2635-2650."""
    assert paired_fall(*paired(36, 12, 2, 0)) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)


def test_a_fall_of_everything_and_of_nothing() -> None:
    value, low, high = paired_fall(*paired(0, 20, 0, 0))
    assert (value, high) == (1.0, 1.0) and 0.7 < low < 0.85
    value, low, high = paired_fall(*paired(20, 0, 0, 0))
    assert value == 0 and low == pytest.approx(-high) and high > 0.1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_a_fall_lies_in_its_interval_and_turns_with_its_sides(pairs: list[tuple[bool, bool]]) -> None:
    before, after = (np.array(side) for side in zip(*pairs, strict=True))
    value, low, high = paired_fall(before, after)
    assert -1 <= low <= value <= high <= 1
    assert paired_fall(after, before) == pytest.approx((-value, -high, -low))


@given(st.lists(st.tuples(st.integers(1, 8), st.floats(0, 1)), min_size=1, max_size=40))
def test_a_share_of_characters_lies_between_those_of_texts_and_of_single_ones(pairs: list[tuple[int, float]]) -> None:
    lengths = np.array([length for length, _ in pairs])
    hits = np.array([round(length * share) for length, share in pairs])
    value, low, high = character_share(hits, lengths)
    assert 0 <= low <= value <= high <= 1
    assert value == pytest.approx(hits.sum() / lengths.sum())
    # Not narrower than if characters were independent.
    single = share_of(some(int(hits.sum()), int(lengths.sum() - hits.sum())))
    assert high - low >= single.high - single.low - 1e-9


def test_characters_that_fail_together_count_for_one() -> None:
    together = character_share(np.array([6, 0] * 10), np.full(20, 6))
    assert together == pytest.approx(share_of(some(10, 10)), abs=1e-9)
    apart = character_share(np.full(20, 3), np.full(20, 6))
    assert apart.high - apart.low < (together.high - together.low) / 2


def test_the_intervals_hold_what_they_promise() -> None:
    rng = np.random.default_rng(1)
    held = {"share": 0, "characters": 0, "fall": 0}
    for _ in range(400):
        ease = rng.beta(2, 1, 40)
        lengths = rng.integers(4, 7, 40)
        hits = rng.binomial(lengths, ease)
        harder = rng.binomial(lengths, ease**3)
        before, after = hits == lengths, harder == lengths
        held["characters"] += within(character_share(hits, lengths), 2 / 3)
        held["share"] += within(share_of(before), whole(1))
        held["fall"] += within(paired_fall(before, after), whole(1) - whole(3))
    assert all(0.92 <= count / 400 <= 0.99 for count in held.values()), held


def whole(power: int) -> float:
    """Return the chance that a text of 4 to 6 characters is right where one is with ease**power, ease ~ Beta(2, 1)."""
    return float(np.mean([2 / (2 + power * length) for length in (4, 5, 6)]))


def within(estimate: tuple[float, float, float], truth: float) -> bool:
    return estimate[1] <= truth <= estimate[2]


@pytest.mark.parametrize(
    "call",
    [
        lambda: share_of(some(0, 0)),
        lambda: character_share(np.array([], int), np.array([], int)),
        lambda: paired_fall(some(1, 1), some(1, 2)),
    ],
)
def test_nothing_and_unlike_pictures_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        call()
