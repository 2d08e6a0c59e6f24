"""What a confidence is worth for choosing which readings to accept and which to leave to a person.

Accepting every reading that is at least so sure covers a share of the pictures (the coverage), of which a share is
wrong (the risk): El-Yaniv and Wiener (2010); for neural networks Geifman and El-Yaniv (2017, arXiv:1705.08500).
Readings of one confidence cannot be told apart by it, so they are accepted together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def risk_coverage(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[Floats, Floats]:
    """Return coverage and risk for every confidence as the threshold, the highest first.

    Args:
        confidences: One per reading.
        correct: Whether it is right.

    Returns:
        Two arrays of one length, the number of different confidences: the share of the readings that is accepted,
        rising to 1, and the share of these that is wrong.

    Raises:
        ValueError: If there are no readings, or not one outcome for each.
    """
    accepted, right = _accepted(confidences, correct)
    return accepted / len(confidences), (accepted - right) / accepted


def area_under_risk_coverage(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """Return the area under the risk as a function of the coverage (AURC), in 0..1; 0 is best.

    It is the mean over the readings of the risk of accepting all that are at least as sure (Geifman et al. 2019,
    arXiv:1805.08206). The share of wrong readings is what a confidence that tells nothing gets.

    Raises:
        ValueError: As :func:`risk_coverage`.
    """
    coverage, risk = risk_coverage(confidences, correct)
    return float((np.diff(coverage, prepend=0.0) * risk).sum())


def coverage_at_precision(confidences: Sequence[float], correct: Sequence[bool], precision: float) -> float:
    """Return the largest coverage at which at least a share of ``precision`` is right; 0 where there is none.

    Raises:
        ValueError: As :func:`risk_coverage`.
    """
    accepted, right = _accepted(confidences, correct)
    good = accepted[right / accepted >= precision]
    return float(good.max(initial=0) / len(confidences))


def _accepted(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[Ints, Ints]:
    """Return how many readings are accepted, and how many of them are right, for every threshold from the highest."""
    if not confidences or len(confidences) != len(correct):
        raise ValueError(f"{len(correct)} outcomes for {len(confidences)} confidences; give at least one of each")
    values = np.asarray(confidences, np.float64)
    order = np.argsort(-values)
    last = np.append(np.nonzero(np.diff(values[order]))[0], len(values) - 1)
    return last + 1, np.asarray(correct, np.int64)[order].cumsum()[last]
