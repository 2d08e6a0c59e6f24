"""What is taken home from a training: the model, and readings of pictures before and after."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.batch import read_items, thumbnail_of
from captcha_core.data.parquet import iter_parquet
from captcha_core.imaging import load_image
from captcha_core.prediction import Prediction
from captcha_core.recognizer import Recognizer
from captcha_core.rows import COLUMNS, row_of
from captcha_core.tables import open_table
from captcha_core.ui.teach_set import Lesson
from captcha_core.uploads import Item

if TYPE_CHECKING:
    from captcha_core.data.schema import Sample

MOST_COMPARED = 24


@dataclass(frozen=True)
class Compared:
    """A picture as it was read before, and by a training that had not learned from it."""

    name: str
    thumbnail: bytes
    label: str
    before: Prediction
    after: Prediction


@dataclass(frozen=True)
class Taught:
    """What came of a training.

    Attributes:
        card: The adapted model's card, Markdown.
        compared: Some of the held-out pictures.
        files: What can be downloaded, by the files' names.
        notes: What the visitor should know, in sentences.
        seconds: How long it took.
    """

    card: str
    compared: Sequence[Compared]
    files: Mapping[str, Path]
    notes: Sequence[str]
    seconds: float


def compare(run: Path, data: Path, before: Recognizer, after: Path) -> list[Compared]:
    """Read held-out pictures with the model that was, and each with the training that had not learned from it.

    Both expect the texts that the adapted model expects, as its card has it.

    Args:
        run: The output folder of the adaptation.
        data: The labelled pictures that it learned from, with names of their own.
        before: The model that was.
        after: The adapted checkpoint.
    """
    expected = Recognizer(after).expected
    samples = {sample.path: sample for sample in iter_parquet(data)}
    folders = sorted(run.glob("fold-*"))
    compared = []
    for folder in folders:
        # They come in the order of chance in which they were held out.
        names = json.loads((folder / "held-out.json").read_text(encoding="utf8"))[: MOST_COMPARED // len(folders)]
        chosen: list[Sample] = [samples[name] for name in names]
        pictures = [load_image(sample.image, sample.path) for sample in chosen]
        readings = [model.read_batch(pictures, expected) for model in (before, Recognizer(folder / "best.safetensors"))]
        for sample, picture, old, new in zip(chosen, pictures, *readings, strict=True):
            compared.append(Compared(sample.path, thumbnail_of(picture), sample.label, old, new))
    return compared


def write_predictions(lesson: Lesson, model: Recognizer, paths: Sequence[Path]) -> None:
    """Read all pictures of a lesson, those without a label too, into tables with the columns of ``predict.py``."""
    items = (Item(card.name, card.picture) for card in lesson.cards)
    rows = [row_of(reading.name, reading.outcome) for reading in read_items(model, items)]
    for path in paths:
        with open_table(path, COLUMNS) as write:
            for row in rows:
                write(row)
