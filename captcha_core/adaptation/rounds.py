"""Rounds of trainings: the first from labels, others from what the round before is sure of, while that helps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from captcha_core.adaptation.examples import Example
from captcha_core.adaptation.fold import Fold, Start
from captcha_core.adaptation.scores import Scores, pooled_scores
from captcha_core.adaptation.unlabelled import sure_examples
from captcha_core.constraint import Constraint

logger = logging.getLogger(__name__)

MOST_ROUNDS = 3
"""Rounds in all, the first among them."""

# Readings to learn from, for each label.
_PER_LABEL = 3

MakeFolds = Callable[[int, Sequence[list[Example]]], list[Fold]]
"""Makes the folds of a round, given its number and what each learns beside the labels."""


@dataclass(frozen=True)
class Round:
    """The trainings of one round.

    Attributes:
        number: From 1.
        folds: The trainings.
        scores: What each read of the labelled pictures that it had not learned from, together.
        temperature: The one that fits these readings.
        read: How many readings were learned as labels, the mean of the folds.
    """

    number: int
    folds: list[Fold]
    scores: Scores
    temperature: float
    read: int


def train_round(
    number: int,
    beside: Sequence[list[Example]],
    make_folds: MakeFolds,
    start: Start,
    expected: Constraint,
    progress_bar: Callable[..., Any],
) -> Round:
    """Train each fold of a round as far as it is not trained yet."""
    folds = make_folds(number, beside)
    for position, fold in enumerate(folds, 1):
        logger.info("Round %d, training %d of %d", number, position, len(folds))
        fold.train(progress_bar)
    scores, temperature = pooled_scores([fold.read() for fold in folds], start.alphabet, expected)
    return Round(number, folds, scores, temperature, sum(map(len, beside)) // len(folds))


def self_train(
    first: Round,
    unlabelled: list[Example],
    labels: int,
    make_folds: MakeFolds,
    start: Start,
    expected: Constraint,
    progress_bar: Callable[..., Any],
) -> tuple[Round, list[Round]]:
    """Train on what the models are sure of, again and again, while the labelled pictures are read better for it.

    Each fold learns from its own model's readings alone. So it knows nothing of the labels that judge it, not even by
    way of another fold's readings.

    Args:
        first: The round that learned from labels.
        unlabelled: Pictures without labels.
        labels: How many pictures have labels.
        make_folds: Makes the folds of a round.
        start: The model that learns.
        expected: What texts there can be.
        progress_bar: Called as tqdm is.

    Returns:
        The best round, and all.
    """
    rounds, best = [first], first
    while len(rounds) < MOST_ROUNDS:
        last, most = rounds[-1], _PER_LABEL * labels
        readings = [fold.read_others(unlabelled) for fold in last.folds]
        beside = [sure_examples(r, start.alphabet, expected, last.temperature, most) for r in readings]
        if not any(beside):
            break
        rounds.append(train_round(last.number + 1, beside, make_folds, start, expected, progress_bar))
        if (rounds[-1].scores.folded, -rounds[-1].scores.cer) <= (best.scores.folded, -best.scores.cer):
            break
        best = rounds[-1]
    return best, rounds
