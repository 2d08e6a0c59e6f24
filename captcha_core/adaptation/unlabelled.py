"""Pictures of the new captcha without labels: what they teach by themselves, and which to label next."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from captcha_core.adaptation.examples import MOST, Example
from captcha_core.adaptation.fold import Reading
from captcha_core.adaptation.scores import decoded
from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.imaging import load_image
from captcha_core.pictures import find_pictures
from captcha_core.tables import open_table
from captcha_core.transforms import Preprocess

logger = logging.getLogger(__name__)

SURE = 0.95
"""Confidence from which a reading is learned from as if it were a label."""

TO_LABEL = 20
"""How many pictures are proposed to be labelled next."""


class Proposal(NamedTuple):
    """A picture whose label would teach much.

    Attributes:
        file: The picture.
        guess: What the models read, most of them.
        confidence: The mean of their confidences in that.
    """

    file: str
    guess: str
    confidence: float


def open_unlabelled(paths: Sequence[str], known: Sequence[Example], transform: Preprocess) -> list[Example]:
    """Open pictures without labels, each once; those that are labelled, or cannot be opened, are left out.

    Raises:
        DataError: If there are none, or more than can be kept in memory.
    """
    seen = {example.pixels.numpy().tobytes() for example in known}
    found: list[Example] = []
    failed = 0
    for source in islice(find_pictures([Path(path) for path in paths]), MOST + 1):
        if isinstance(source.source, CaptchaLabError):
            raise source.source
        try:
            example = Example(transform.pixels(load_image(source.source, source.name)), "", source.name)
        except ImageError:
            failed += 1
            continue
        if (pixels := example.pixels.numpy().tobytes()) not in seen:
            seen.add(pixels)
            found.append(example)
    if not found or len(found) > MOST:
        problem = f"has more than {MOST:,} pictures" if found else "has no new picture that can be opened"
        raise DataError(f"--unlabelled {' '.join(paths)} {problem}; name others.")
    logger.info("Pictures without labels: %d, and %d that cannot be opened.", len(found), failed)
    return found


def sure_examples(
    reading: Reading, alphabet: Alphabet, expected: Constraint, temperature: float, most: int
) -> list[Example]:
    """Return the pictures that a model is sure of, with its readings as labels; the surest where there are too many.

    Lee (2013), "Pseudo-Label"; the confidence is calibrated, and low where two opinions of a model differ.
    """
    texts = decoded(reading, alphabet, expected, temperature)
    sure = [(d.confidence, e, d.text) for e, d in zip(reading.examples, texts, strict=True) if d.confidence >= SURE]
    sure.sort(key=lambda found: -found[0])
    return [Example(example.pixels, text, example.path) for _, example, text in sure[:most] if text]


def most_telling(
    readings: Sequence[Reading], labels: Sequence[str], alphabet: Alphabet, expected: Constraint, temperature: float
) -> list[Proposal]:
    """Return the pictures whose labels would teach most: of which the models are least sure, and of rare characters.

    The models are a committee (Seung et al. 1992): what one is sure of and another reads otherwise is unsure. A
    picture counts more for characters of which few labels have any, and each chosen one makes its characters less rare.

    Args:
        readings: Of the same pictures by each model.
        labels: Those that there are.
        alphabet: The model's.
        expected: What texts there can be.
        temperature: That of the models' readings.
    """
    committee = [decoded(reading, alphabet, expected, temperature) for reading in readings]
    examples = readings[0].examples
    candidates = []
    for number, example in enumerate(examples):
        read = [member[number] for member in committee]
        guess = Counter(d.text for d in read).most_common(1)[0][0]
        sure = [d.confidence * (d.text == guess) for d in read]
        candidates.append(Proposal(example.path, guess, float(np.mean(sure))))
    times = Counter("".join(labels))
    chosen: list[Proposal] = []
    while candidates and len(chosen) < TO_LABEL:
        best = max(candidates, key=lambda p: (1 - p.confidence) * (1 + _rarity(p.guess, times)))
        candidates.remove(best)
        chosen.append(best)
        times.update(best.guess)
    return chosen


def write_proposals(path: Path, proposals: Sequence[Proposal]) -> None:
    """Write proposals as CSV: file, guess, confidence."""
    with open_table(path, {"file": str, "guess": str, "confidence": float}) as write:
        for proposal in proposals:
            write(proposal)


def _rarity(text: str, times: Counter[str]) -> float:
    """Return the mean of 1 / (1 + labels' characters of its kind) over a text's characters."""
    return sum(1 / (1 + times[c]) for c in text) / max(1, len(text))
