"""How far a measured share may lie from the true one: 95% intervals for texts, for characters, and for a fall."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""The normal distribution's 97.5% point."""

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class Estimate(NamedTuple):
    """A figure with its 95% interval.

    Attributes:
        value: What was measured.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def share_of(right: Bools) -> Estimate:
    """Return the share of pictures that were read right.

    The interval is Wilson's (1927), which keeps its promise near 0 and 1 and with few pictures, where the usual
    "plus or minus" does not (Brown, Cai and DasGupta 2001).

    Raises:
        ValueError: If there are no pictures.
    """
    return _wilson(float(right.mean()), len(right)) if len(right) else _nothing()


def character_share(hits: Ints, lengths: Ints) -> Estimate:
    """Return the share of characters that were read right.

    Characters of one picture fail together, so they count for less than as many separate trials. The interval is
    Wilson's with the effective number of characters: their number by the design effect (Kish 1965), which is the
    variance of the ratio over pictures by that of independent characters (Korn and Graubard 1998). It is at least the
    number of pictures, as if each gave a single opinion, and that where all or none are right and no variance shows.

    Args:
        hits: Characters read right, per picture.
        lengths: Characters of the label, per picture; 1 or more.

    Raises:
        ValueError: If there are no pictures.
    """
    pictures, characters = len(lengths), int(lengths.sum())
    if not pictures:
        return _nothing()
    share = float(hits.sum() / characters)
    independent = share * (1 - share) / characters
    if pictures == 1 or independent == 0:
        return _wilson(share, pictures)
    residuals = hits - share * lengths
    variance = pictures / (pictures - 1) * float((residuals**2).sum()) / characters**2
    effective = characters * independent / variance if variance else characters
    return _wilson(share, min(max(effective, pictures), characters))


def paired_fall(before: Bools, after: Bools) -> Estimate:
    """Return how far the share of right pictures falls from one reading of the pictures to another, in -1..1.

    The interval is Newcombe's (1998, Statistics in Medicine 17:2635-2650, method 10) for the difference of two shares
    of the same pictures: Wilson's two intervals, joined with regard to how alike the outcomes are.

    Args:
        before: Which pictures were read right at first.
        after: Which of the same pictures were read right then.

    Raises:
        ValueError: If there are no pictures, or not as many of both.
    """
    if before.shape != after.shape:
        raise ValueError(f"{len(before)} pictures before and {len(after)} after; they must be the same")
    first, second = share_of(before), share_of(after)
    alike = _likeness(before, after)
    fall = first.value - second.value
    down, up = first.value - first.low, second.high - second.value
    low = fall - math.sqrt(max(0.0, down**2 - 2 * alike * down * up + up**2))
    up, down = first.high - first.value, second.value - second.low
    high = fall + math.sqrt(max(0.0, up**2 - 2 * alike * up * down + down**2))
    return Estimate(fall, max(-1.0, low), min(1.0, high))


def _likeness(before: Bools, after: Bools) -> float:
    """Return Newcombe's corrected correlation of the outcomes; 0 where one of them is the same for all."""
    both, neither = int((before & after).sum()), int((~before & ~after).sum())
    lost, gained = int((before & ~after).sum()), int((~before & after).sum())
    margins = (both + lost) * (gained + neither) * (both + gained) * (lost + neither)
    if not margins:
        return 0.0
    product = both * neither - lost * gained
    if product > 0:
        return max(product - len(before) / 2, 0.0) / math.sqrt(margins)
    return product / math.sqrt(margins)


def _wilson(share: float, trials: float) -> Estimate:
    square = Z_95**2 / trials
    centre = (share + square / 2) / (1 + square)
    half = Z_95 / (1 + square) * math.sqrt(share * (1 - share) / trials + square / (4 * trials))
    # Rounding must not push an end past the figure itself.
    return Estimate(share, max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))


def _nothing() -> Estimate:
    raise ValueError("a share of no pictures is nothing; give at least one")
