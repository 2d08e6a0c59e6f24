"""The labelled pictures that a model is adapted to: few, so they are all opened, checked and kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from captcha_core.alphabet import Alphabet
from captcha_core.data.check import Checker
from captcha_core.data.digests import digested
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.imaging import load_image
from captcha_core.transforms import Preprocess

FEWEST = 10
"""Pictures below which nothing can be held out that tells whether the model has learned."""

MOST = 5000
"""Pictures above which an ordinary training is the better way."""

# How many of one kind of problem a message names.
_NAMED = 5


@dataclass(frozen=True)
class Example:
    """A picture to learn from.

    Attributes:
        pixels: As the model takes it before normalisation, uint8 of shape (C, H, W).
        label: Its text, in the case that the model's alphabet writes.
        path: What messages call it.
    """

    pixels: torch.Tensor
    label: str
    path: str


def read_samples(rows: Iterable[Sample | CaptchaLabError]) -> list[Sample]:
    """Return the rows, each picture once.

    Raises:
        DataError: If pictures cannot be opened, or one has two labels; all are counted, the first are named.
    """
    checker = Checker()
    samples = []
    for sample, _ in checker.checked(map(digested, rows)):
        samples.append(sample)
        if len(samples) > MOST:
            raise DataError(
                f"There are more than {MOST:,} pictures; on so many, train with --init-from in place of --adapt."
            )
    problems = []
    for found, what in ((checker.unreadable, "cannot be used"), (checker.conflicts, "have two labels")):
        if found.count:
            named = "; ".join(text.rstrip(".") for text in found.examples[:_NAMED])
            problems.append(f"{found.count} pictures {what} ({named})")
    if problems:
        raise DataError(f"The pictures cannot be learned from: {'; '.join(problems)}. Mend or take out those rows.")
    return samples


def check_samples(samples: Sequence[Sample], alphabet: Alphabet, max_length: int) -> None:
    """Refuse pictures from which a model cannot learn.

    Args:
        samples: The pictures, each once.
        alphabet: The model's.
        max_length: The model's longest text, in characters.

    Raises:
        DataError: Naming every problem.
    """
    labels = [alphabet.fold(sample.label) for sample in samples]
    problems = []
    if len(samples) < FEWEST:
        problems.append(f"there are only {len(samples)} labelled pictures, and at least {FEWEST} are needed")
    if len(samples) > 1 and len(set(labels)) == 1:
        problems.append(f"all pictures have the label {labels[0]!r}, and a model would learn to say nothing else")
    if missing := alphabet.missing(labels):
        rows = [f"{s.path} {s.label!r}" for s, label in zip(samples, labels, strict=True) if alphabet.missing([label])]
        problems.append(
            f"{len(rows)} labels have characters that the model cannot write, {missing!r} ({'; '.join(rows[:_NAMED])})"
        )
    if long := [f"{s.path} {s.label!r}" for s in samples if len(s.label) > max_length]:
        problems.append(
            f"{len(long)} labels are longer than the {max_length} characters of the model ({'; '.join(long[:_NAMED])})"
        )
    if problems:
        raise DataError(f"The pictures cannot be learned from: {'; '.join(problems)}.")


def open_examples(samples: Iterable[Sample], alphabet: Alphabet, transform: Preprocess) -> list[Example]:
    """Open pictures as a model takes them.

    Raises:
        ImageError: If one cannot be opened.
    """
    return [
        Example(transform.pixels(load_image(s.image, s.path)), alphabet.fold(s.label), s.path or f"picture {number}")
        for number, s in enumerate(samples)
    ]


def by_width(examples: Iterable[Example]) -> list[Example]:
    """Return examples in the order of their widths, so that neighbours can be stretched to one."""
    return sorted(examples, key=lambda example: example.pixels.shape[2])


def fingerprint_of(examples: Iterable[Example]) -> str:
    """Return a hash of pictures and labels, in order: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(example.pixels.numpy().tobytes())
        digest.update(example.label.encode() + b"\0")
    return digest.hexdigest()[:16]
