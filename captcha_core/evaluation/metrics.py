"""How many texts and characters were read right, and which characters are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import jiwer

from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.calibration import expected_calibration_error
from captcha_core.evaluation.selective import area_under_risk_coverage, coverage_at_precision
from captcha_core.prediction import Prediction

# Texts that are aligned at once.
_TOGETHER = 4096
# jiwer's default strips white space at the ends, which would call " ab" and "ab" the same label.
_CHARACTERS = jiwer.Compose([jiwer.ReduceToListOfListOfChars()])


class Confusion(NamedTuple):
    """A character taken for another, so often.

    Attributes:
        truth: The label's character; empty where the model wrote one too many.
        read: What the model read; empty where it missed the character.
        times: How often.
    """

    truth: str
    read: str
    times: int


@dataclass(frozen=True)
class Metrics:
    """Figures over a set of labelled pictures; an unreadable picture counts as read wrong, as if nothing was read.

    Attributes:
        n: Pictures.
        unreadable: Those of them that could not be opened.
        exact_match: Share of the pictures whose text equals the label, case included.
        exact_match_folded: The same with case ignored (``str.casefold`` on both sides).
        char_accuracy: Share of the labels' characters that jiwer's alignment counts as hits; characters
            written beyond the label do not lower it (they raise ``cer``).
        cer: Character error rate: substitutions, deletions and insertions per character of the labels.
        ece: Expected calibration error of the confidence as a forecast of ``exact_match``, over readable pictures.
        aurc: Area under the share of wrong texts as a function of the share that is accepted, the surest first.
        coverage_at_99: Largest share of the pictures that can be accepted by confidence with 99% of them right.
        confusions: Character confusions, most frequent first.
    """

    n: int
    unreadable: int
    exact_match: float
    exact_match_folded: float
    char_accuracy: float
    cer: float
    ece: float
    aurc: float
    coverage_at_99: float
    confusions: tuple[Confusion, ...]


def evaluate_predictions(labels: Sequence[str], predictions: Sequence[Prediction | CaptchaLabError]) -> Metrics:
    """Measure predictions against labels.

    Args:
        labels: The true texts.
        predictions: What was read, in the same order; an error stands for a picture that could not be opened.

    Raises:
        ValueError: If there are no labels, or not one prediction for each.
    """
    if not labels or len(labels) != len(predictions):
        raise ValueError(
            f"{len(predictions)} predictions for {len(labels)} labels; give at least one of each, in pairs"
        )
    pairs = list(zip(labels, predictions, strict=True))
    readable = [(label, p) for label, p in pairs if isinstance(p, Prediction)]
    correct = [p.text == label for label, p in readable]
    folded = [p.text.casefold() == label.casefold() for label, p in readable]
    confidences, right = outcomes(labels, predictions)
    counts = count_characters(readable)
    missed = sum(len(label) for label, p in pairs if not isinstance(p, Prediction))
    in_labels = counts.in_labels + missed
    errors = counts.errors + missed
    return Metrics(
        n=len(pairs),
        unreadable=len(pairs) - len(readable),
        exact_match=sum(correct) / len(pairs),
        exact_match_folded=sum(folded) / len(pairs),
        char_accuracy=counts.hits / in_labels if in_labels else 1.0,
        cer=errors / max(1, in_labels),
        ece=expected_calibration_error([p.confidence for _, p in readable], correct),
        aurc=area_under_risk_coverage(confidences, right),
        coverage_at_99=coverage_at_precision(confidences, right, 0.99),
        confusions=tuple(ordered_confusions(counts.confusions)),
    )


@dataclass
class CharacterCounts:
    """What became of the characters of labels and texts.

    Attributes:
        in_labels: Characters of the labels.
        hits: Those of them that were read right.
        errors: Substitutions, deletions and insertions.
        confusions: How often a character was read as another one; the empty text stands for none.
    """

    in_labels: int = 0
    hits: int = 0
    errors: int = 0
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)


def count_characters(readings: Sequence[tuple[str, Prediction]]) -> CharacterCounts:
    """Count over labels and what was read for them."""
    counts = CharacterCounts()
    # jiwer's alignments of a million texts at once would take gigabytes.
    for start in range(0, len(readings), _TOGETHER):
        labels, read = zip(*readings[start : start + _TOGETHER], strict=True)
        aligned = align(labels, [p.text for p in read])
        counts.in_labels += aligned.hits + aligned.substitutions + aligned.deletions
        counts.hits += aligned.hits
        counts.errors += aligned.substitutions + aligned.deletions + aligned.insertions
        counts.confusions.update(pair for pair in character_pairs(aligned) if pair[0] != pair[1])
    return counts


def outcomes(
    labels: Sequence[str], predictions: Sequence[Prediction | CaptchaLabError]
) -> tuple[list[float], list[bool]]:
    """Return the confidence of every picture and whether it was read right; one not opened is wrong, and not sure."""
    confidences = [p.confidence if isinstance(p, Prediction) else 0.0 for p in predictions]
    right = [isinstance(p, Prediction) and p.text == label for label, p in zip(labels, predictions, strict=True)]
    return confidences, right


def align(labels: Sequence[str], texts: Sequence[str]) -> jiwer.CharacterOutput:
    """Align every text with its label, character by character and nothing stripped, through jiwer.

    Either side may be empty. Where all labels are empty, jiwer's ``cer`` is the number of characters written.
    """
    return jiwer.process_characters(
        list(labels), list(texts), reference_transform=_CHARACTERS, hypothesis_transform=_CHARACTERS
    )


def character_pairs(aligned: jiwer.CharacterOutput) -> Iterator[tuple[str, str]]:
    """Yield every character of the labels beside the one that was read for it, text after text.

    Yields:
        The true and the read character; one is empty where a character was read too many or missed.
    """
    for truth, read, chunks in zip(aligned.references, aligned.hypotheses, aligned.alignments, strict=True):
        for chunk in chunks:
            expected = truth[chunk.ref_start_idx : chunk.ref_end_idx]
            written = read[chunk.hyp_start_idx : chunk.hyp_end_idx]
            # A substitution has one character on each side, a deletion and an insertion have one side empty.
            length = max(len(expected), len(written))
            yield from zip(expected or [""] * length, written or [""] * length, strict=True)


def ordered_confusions(counts: Counter[tuple[str, str]]) -> list[Confusion]:
    """Return which character was read as which, most frequent first, then in the characters' order."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Confusion(truth, read, times) for (truth, read), times in ordered]


def char_errors(label: str, text: str) -> int:
    """Return the number of wrong, missing and surplus characters."""
    aligned = align([label], [text])
    return aligned.substitutions + aligned.deletions + aligned.insertions
