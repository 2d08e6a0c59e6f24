"""What is taken home from a training: the model, and readings of pictures before and after."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from captcha_core.batch import read_items, thumbnail_of
from captcha_core.imaging import load_image
from captcha_core.recognizer import Recognizer
from captcha_core.ui.batch_reading import write_tables
from captcha_core.ui.teach_set import Lesson
from captcha_core.uploads import Item

MOST_COMPARED = 24


class Read(NamedTuple):
    """A reading: its text, and the confidence in it."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Compared:
    """A picture as it was read before, and by a training that had not learned from it."""

    name: str
    thumbnail: bytes
    label: str
    before: Read
    after: Read


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


def compare(run: Path, lesson: Lesson) -> list[Compared]:
    """Return labelled pictures as the model that was read them, and the training that had not learned from them.

    Args:
        run: The output folder of the adaptation, which has a table of these readings.
        lesson: The pictures, whose names are in that table.
    """
    with (run / "held_out.csv").open(encoding="utf8", newline="") as handle:
        # As captcha_core.tables.csv_cell has it, a leading ' is a mark.
        rows = [{name: cell.removeprefix("'") for name, cell in row.items()} for row in csv.DictReader(handle)]
    pictures = {card.name: card.picture for card in lesson.cards}
    compared = []
    for row in rows[:: max(1, -(-len(rows) // MOST_COMPARED))]:
        thumbnail = thumbnail_of(load_image(pictures[row["file"]]))
        before = Read(row["before"], float(row["confidence_before"]))
        after = Read(row["after"], float(row["confidence"]))
        compared.append(Compared(row["file"], thumbnail, row["label"], before, after))
    return compared


def write_predictions(lesson: Lesson, model: Recognizer, paths: Sequence[Path]) -> None:
    """Read all pictures of a lesson, those without a label too, into tables with the columns of ``predict.py``."""
    items = (Item(card.name, card.picture) for card in lesson.cards)
    write_tables(list(read_items(model, items)), paths)
