from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.evaluation.selective import area_under_risk_coverage, coverage_at_precision, risk_coverage

# Few different confidences, so that many are equal.
READINGS = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=12)


def accepted_at(threshold: float, readings: list[tuple[float, bool]]) -> list[bool]:
    """Return the outcomes of the readings that are at least so sure."""
    return [right for confidence, right in readings if confidence >= threshold]


def test_by_hand() -> None:
    confidences, correct = [0.3, 0.9, 0.6, 0.8], [False, True, True, False]
    coverage, risk = risk_coverage(confidences, correct)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert area_under_risk_coverage(confidences, correct) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert coverage_at_precision(confidences, correct, 0.6) == 0.75
    assert coverage_at_precision(confidences, correct, 0.99) == 0.25


@given(READINGS)
def test_every_threshold_is_a_point(readings: list[tuple[float, bool]]) -> None:
    confidences, correct = [c for c, _ in readings], [right for _, right in readings]
    coverage, risk = risk_coverage(confidences, correct)
    accepted = [accepted_at(threshold, readings) for threshold in sorted(set(confidences), reverse=True)]
    assert coverage.tolist() == pytest.approx([len(a) / len(readings) for a in accepted])
    assert risk.tolist() == pytest.approx([a.count(False) / len(a) for a in accepted])


@given(READINGS, st.sampled_from([0.0, 0.5, 0.75, 0.9, 0.99, 1.0]))
def test_figures_are_those_of_all_thresholds_tried(readings: list[tuple[float, bool]], precision: float) -> None:
    confidences, correct = [c for c, _ in readings], [right for _, right in readings]
    each = [accepted_at(confidence, readings) for confidence in confidences]
    area = np.mean([a.count(False) / len(a) for a in each])
    assert area_under_risk_coverage(confidences, correct) == pytest.approx(area)
    good = [len(a) / len(readings) for a in each if a.count(True) / len(a) >= precision]
    assert coverage_at_precision(confidences, correct, precision) == pytest.approx(max(good, default=0.0))


def test_the_order_of_equals_does_not_matter() -> None:
    readings = [(0.5, True), (0.5, False), (0.5, False), (0.9, True)]
    areas, shares = set(), set()
    for order in itertools.permutations(readings):
        confidences, correct = [c for c, _ in order], [right for _, right in order]
        areas.add(area_under_risk_coverage(confidences, correct))
        shares.add(coverage_at_precision(confidences, correct, 0.6))
    assert list(areas) == [pytest.approx((0 + 3 * 0.5) / 4)] and shares == {0.25}


def test_exactly_the_precision_is_enough() -> None:
    assert coverage_at_precision([0.5] * 100, [True] * 99 + [False], 0.99) == 1.0
    assert coverage_at_precision([0.5] * 100, [True] * 98 + [False] * 2, 0.99) == 0.0


@pytest.mark.parametrize(("right", "area", "share"), [(True, 0.0, 1.0), (False, 1.0, 0.0)])
def test_the_ends_of_the_scale(right: bool, area: float, share: float) -> None:
    confidences = [0.1, 0.5, 0.9]
    assert area_under_risk_coverage(confidences, [right] * 3) == area
    assert coverage_at_precision(confidences, [right] * 3, 0.99) == share


@pytest.mark.parametrize(("confidences", "correct"), [([], []), ([0.5], []), ([0.5], [True, False])])
def test_what_does_not_pair_up_is_refused(confidences, correct) -> None:
    for figure in (risk_coverage, area_under_risk_coverage, lambda c, r: coverage_at_precision(c, r, 0.99)):
        with pytest.raises(ValueError, match="at least one of each"):
            figure(confidences, correct)
