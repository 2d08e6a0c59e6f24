"""Rounds of trainings: the first from labels, others from what the round before is sure of, while that helps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from captcha_core.adaptation.examples import Example
from captcha_core.adaptation.fold import Fold, Start
from captcha_core.adaptation.scores import Scores, pooled_loss, pooled_scores
from captcha_core.adaptation.unlabelled import sure_examples
from captcha_core.constraint import Constraint

logger = logging.getLogger(__name__)

MOST_ROUNDS = 3
"""Rounds in all, the first among them."""

SHARES = (0.4, 0.6, 0.8, 1.0)
"""How far the weights may go from those of the start to what was learned."""

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
        share: How far the weights go from those of the start (0) to what the trainings learned (1).
        scores: What each read of the labelled pictures that it had not learned from, together.
        temperature: The one that fits these readings.
        read: How many readings were learned as labels, the mean of the folds.
    """

    number: int
    folds: list[Fold]
    share: float
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
    """Train each fold of a round as far as it is not trained yet, and choose how far the weights go.

    Half-way between what a model was and what it has become it often reads both the new and the old better (Wortsman et
    al. 2022, "Robust fine-tuning of zero-shot models", arXiv:2109.01903); the loss on the held-out pictures decides.
    """
    folds = make_folds(number, beside)
    for position, fold in enumerate(folds, 1):
        logger.info("Round %d, training %d of %d", number, position, len(folds))
        fold.train(progress_bar)
    readings = {share: [fold.read(share) for fold in folds] for share in SHARES}
    losses = {s: pooled_loss(read, start.alphabet, start.meta.max_length) for s, read in readings.items()}
    share = min(losses, key=lambda s: losses[s])
    logger.info("Loss on held-out pictures by share: %s", ", ".join(f"{s} {x:.3f}" for s, x in losses.items()))
    scores, temperature = pooled_scores(readings[share], start.alphabet, expected)
    return Round(number, folds, share, scores, temperature, sum(map(len, beside)) // len(folds))


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
        readings = [fold.read_others(unlabelled, last.share) for fold in last.folds]
        beside = [sure_examples(r, start.alphabet, expected, last.temperature, most) for r in readings]
        if not any(beside):
            break
        rounds.append(train_round(last.number + 1, beside, make_folds, start, expected, progress_bar))
        if (rounds[-1].scores.folded, -rounds[-1].scores.cer) <= (best.scores.folded, -best.scores.cer):
            break
        best = rounds[-1]
    return best, rounds
