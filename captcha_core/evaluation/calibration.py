"""Whether a confidence of 0.9 is right nine times in ten, and the temperature that makes it so."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from captcha_core.agreement import position_classes
from captcha_core.alphabet import Alphabet
from captcha_core.ctc import Floats, Ints
from captcha_core.decoding import class_probabilities, decode, log_confidence
from captcha_core.positions import text_probability

if TYPE_CHECKING:
    import torch

# Outside this range a temperature says more about the data (too few, wrong labels) than about the model.
TEMPERATURE_RANGE = (0.05, 20.0)


@dataclass(frozen=True)
class ReliabilityBin:
    """The readings whose confidence is above ``lower`` and at most ``upper``.

    Attributes:
        lower: Lower edge; a confidence of 0 belongs to the first bin.
        upper: Upper edge.
        count: How many readings.
        confidence: Their mean confidence; 0 when there are none.
        accuracy: The share of them that is right; 0 when there are none.
    """

    lower: float
    upper: float
    count: int
    confidence: float
    accuracy: float


def reliability_bins(confidences: Sequence[float], correct: Sequence[bool], bins: int = 15) -> list[ReliabilityBin]:
    """Sort readings by confidence into bins of equal width.

    Raises:
        ValueError: If the two sequences differ in length or a confidence is outside 0..1.
    """
    if len(confidences) != len(correct):
        raise ValueError(f"{len(confidences)} confidences for {len(correct)} outcomes")
    members: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in zip(confidences, correct, strict=True):
        if not 0.0 <= confidence <= 1.0:
            raise ValueError(f"confidence {confidence} is outside 0..1")
        members[max(0, math.ceil(confidence * bins) - 1)].append((confidence, right))
    return [
        ReliabilityBin(
            lower=i / bins,
            upper=(i + 1) / bins,
            count=len(inside),
            confidence=sum(c for c, _ in inside) / max(1, len(inside)),
            accuracy=sum(r for _, r in inside) / max(1, len(inside)),
        )
        for i, inside in enumerate(members)
    ]


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = 15) -> float:
    """Return the mean gap between confidence and accuracy over equal-width bins, weighted by their counts.

    Naeini et al. (2015), in the form of Guo et al. (2017, arXiv:1706.04599). No readings have no gap: 0.

    Raises:
        ValueError: As :func:`reliability_bins`.
    """
    gaps = (b.count * abs(b.confidence - b.accuracy) for b in reliability_bins(confidences, correct, bins))
    return sum(gaps) / max(1, len(confidences))


def fit_temperature(
    logits: torch.Tensor, labels: Sequence[str], alphabet: Alphabet, scheme: str, second: torch.Tensor | None = None
) -> float:
    """Find the temperature at which the confidence of a whole text is the chance that it is right.

    Guo et al. (2017) fit the likelihood of one label; here the forecast event is "the whole text is right",
    because that is what the confidence promises and because mistakes at neighbouring positions go together,
    which a fit per position would not see. The measure is the log loss of that event: unlike ECE it is a
    proper score and smooth. The outcomes are Platt's (1999) targets, (n+1)/(n+2) and 1/(m+2) for n right and
    m wrong texts, so that a model without a mistake on few pictures is not declared infallible.

    Args:
        logits: Shape (N, T, classes), of held-out pictures.
        labels: N texts; each is folded to the alphabet's case, as for training.
        alphabet: The characters in class order.
        scheme: The model's; see :func:`captcha_core.decoding.decode`.
        second: Logits of the model's second opinion, (N, positions, C + 1), where it has one. The temperature is then
            one for both, and the confidence is that of :func:`captcha_core.agreement.agreed`.

    Returns:
        A temperature within ``TEMPERATURE_RANGE``; 1 when there are no pictures.

    Raises:
        CheckpointError: If the logits hold NaN or infinity.
        ValueError: If the labels do not line up with the logits.
    """
    if len(labels) != len(logits):
        raise ValueError(f"{len(labels)} labels for {len(logits)} rows of logits")
    if not labels:
        return 1.0
    decoded = decode(logits, alphabet, scheme, top_k=0)
    right = np.array([d.text == alphabet.fold(label) for d, label in zip(decoded, labels, strict=True)])
    targets = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))
    scores = logits.detach().cpu().double().numpy()
    others = None if second is None else second.detach().cpu().double().numpy()
    places = position_classes([d.text for d in decoded], alphabet, 0 if second is None else second.shape[1])

    def log_loss(log_temperature: float) -> float:
        temperature = math.exp(log_temperature)
        confident = log_confidence(scores, scheme, temperature)
        if others is not None:
            confident = (confident + _log_second(others, *places, temperature)) / 2
        confident = np.minimum(confident, -1e-12)
        return -float(np.mean(targets * confident + (1 - targets) * np.log(-np.expm1(confident))))

    low, high = TEMPERATURE_RANGE
    return math.exp(_minimum(log_loss, math.log(low), math.log(high)))


def _log_second(logits: Floats, texts: Ints, lengths: Ints, temperature: float) -> Floats:
    """Return the logarithm of the probability of texts, (N,), by logits of a class per position."""
    whole = text_probability(class_probabilities(logits, logits.shape[2], temperature), texts, lengths)
    return np.log(np.maximum(whole, np.finfo(np.float64).tiny))


def _minimum(function: Callable[[float], float], low: float, high: float, points: int = 31, steps: int = 25) -> float:
    """Return where a function is least: a grid first, since it may have several valleys, then golden sections."""
    width = (high - low) / (points - 1)
    centre = min((low + i * width for i in range(points)), key=function)
    left, right = max(low, centre - width), min(high, centre + width)
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(steps):
        a, b = right - ratio * (right - left), left + ratio * (right - left)
        if function(a) < function(b):
            right = b
        else:
            left = a
    return (left + right) / 2
