"""The pictures that judged an adaptation, one by one: what was read in them before, and after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from captcha_core.adaptation.examples import Example
from captcha_core.adaptation.fold import Reading, Start, read_examples
from captcha_core.adaptation.rounds import Round
from captcha_core.adaptation.scores import decoded
from captcha_core.constraint import Constraint
from captcha_core.decoding import Decoded
from captcha_core.tables import open_table

COLUMNS = {"file": str, "label": str, "before": str, "confidence_before": float, "after": str, "confidence": float}
"""Of the table, each with its type."""


def write_held_out(path: Path, examples: Sequence[Example], start: Start, best: Round, expected: Constraint) -> None:
    """Write what was read in every labelled picture, as CSV, in the order of ``examples``.

    Args:
        path: Where to write.
        examples: The labelled pictures.
        start: The model that was.
        best: The trainings; each reads the pictures that it had not learned from.
        expected: What texts there can be; both are told.
    """
    alphabet = start.alphabet

    def read(reading: Reading, temperature: float) -> dict[int, Decoded]:
        texts = decoded(reading, alphabet, expected, temperature)
        return {id(example): text for example, text in zip(reading.examples, texts, strict=True)}

    old, new = read(read_examples(start, examples), start.meta.temperature), dict[int, Decoded]()
    for fold in best.folds:
        new |= read(fold.read(best.share), best.temperature)
    with open_table(path, COLUMNS) as write:
        for example in examples:
            was, now = old[id(example)], new[id(example)]
            write((example.path, example.label, was.text, was.confidence, now.text, now.confidence))
