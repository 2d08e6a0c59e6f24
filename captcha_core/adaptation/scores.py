"""What a model reads before and after it is adapted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from captcha_core.adaptation.examples import Example
from captcha_core.adaptation.fold import Reading, Start, read_examples
from captcha_core.agreement import agreed
from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.decoding import Decoded, decode, position_probabilities
from captcha_core.evaluation.calibration import fit_temperature
from captcha_core.evaluation.metrics import align
from captcha_core.training.targets import encode_labels, sequence_loss
from captcha_core.training.validation import of_equal_steps


@dataclass(frozen=True)
class Scores:
    """How many texts are right.

    Attributes:
        count: Of so many pictures.
        exact: The share of right texts.
        folded: The share of those that are right in any case.
        cer: The character error rate.
    """

    count: int
    exact: float
    folded: float
    cer: float


def scores_of(start: Start, examples: Sequence[Example], constraint: Constraint | None) -> Scores:
    """Read examples with a model as it is."""
    return _scored(read_examples(start, examples), start.alphabet, constraint)


def old_scores(start: Start, examples: Sequence[Example]) -> Scores:
    """Read pictures such as the model has read before, knowing nothing of their texts."""
    return scores_of(start, examples, None)


def pooled_scores(readings: Sequence[Reading], alphabet: Alphabet, constraint: Constraint) -> tuple[Scores, float]:
    """Return the scores of all folds together, each on what it had not learned, and the temperature that fits them."""
    parts = [_scored(reading, alphabet, constraint) for reading in readings]
    count = sum(part.count for part in parts)

    def mean(name: str) -> float:
        return float(sum(getattr(part, name) * part.count for part in parts) / count)

    logits = torch.cat(of_equal_steps([reading.logits for reading in readings]))
    second = None if readings[0].second is None else torch.cat([r.second for r in readings if r.second is not None])
    labels = [example.label for reading in readings for example in reading.examples]
    temperature = fit_temperature(logits, labels, alphabet, readings[0].scheme, second)
    return Scores(count, mean("exact"), mean("folded"), mean("cer")), temperature


def pooled_loss(readings: Sequence[Reading], alphabet: Alphabet, max_length: int) -> float:
    """Return the loss of readings of held-out pictures, the mean over the pictures."""
    total = 0.0
    for r in readings:
        labels = [example.label for example in r.examples]
        targets = encode_labels(labels, alphabet, max_length, r.scheme, r.logits.shape[1])
        total += float(sequence_loss(r.logits, targets, r.scheme)) * len(labels)
    return total / sum(len(r.examples) for r in readings)


def decoded(reading: Reading, alphabet: Alphabet, constraint: Constraint | None, temperature: float) -> list[Decoded]:
    """Return what a reading says, with the confidences of both opinions where there are two."""
    first = decode(reading.logits, alphabet, reading.scheme, temperature, constraint=constraint)
    if reading.second is None:
        return first
    others = position_probabilities(reading.second, alphabet, temperature, constraint)
    return [agreed(d, other, alphabet) for d, other in zip(first, others, strict=True)]


def _scored(reading: Reading, alphabet: Alphabet, constraint: Constraint | None) -> Scores:
    labels = [example.label for example in reading.examples]
    texts = [d.text for d in decoded(reading, alphabet, constraint, 1.0)]
    right = sum(a == b for a, b in zip(texts, labels, strict=True))
    folded = sum(a.casefold() == b.casefold() for a, b in zip(texts, labels, strict=True))
    return Scores(len(labels), right / len(labels), folded / len(labels), float(align(labels, texts).cer))
