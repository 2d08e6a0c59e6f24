"""The pictures that a visitor teaches with: what the model reads in each, and the labels as far as they are known."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from captcha_core.batch import Reading
from captcha_core.corrections import label_of
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.errors import DataError
from captcha_core.prediction import Prediction
from captcha_core.ui.wording import model_name
from captcha_core.uploads import FROM_NAMES, Item, PictureSet

MOST_PICTURES = 1000
MOST_BYTES = 48 << 20
"""Of all pictures of one visitor together, since they stay in memory while labels are typed."""

FEWEST_LABELLED = 10
"""Pictures with a label that a training needs: :data:`captcha_core.adaptation.examples.FEWEST`, which needs torch."""

SOURCE = "taught on the page"


@dataclass(frozen=True)
class Card:
    """A picture to learn from.

    Attributes:
        name: What to call it; no other of the set has this name.
        picture: Its bytes as they were sent.
        reading: What the model read in it.
        given: The label that came with it; None if there was none.
        given_from: Where that label comes from, as :class:`captcha_core.uploads.Item` has it.
    """

    name: str
    picture: bytes
    reading: Prediction
    given: str | None
    given_from: str = ""


class Lesson:
    """The pictures of one visitor with their labels, given and typed. Threads may share one.

    Attributes:
        cards: The pictures that can be read, in the order in which they were sent.
        notes: What the visitor should know, in sentences.
        uses_names: Whether names of files are labels; given labels from elsewhere always are.
    """

    def __init__(self, cards: Sequence[Card], notes: Sequence[str] = (), labels_from: Sequence[str] = ()) -> None:
        """Begin with the labels that were given.

        Args:
            cards: The pictures.
            notes: What the visitor should know, in sentences.
            labels_from: Where given labels come from, in words.

        Raises:
            DataError: If there is no picture.
        """
        if not cards:
            raise DataError("None of the pictures can be read; send pictures, a zip or a Parquet file.")
        self.cards, self.notes, self._labels_from = list(cards), tuple(notes), tuple(labels_from)
        self.uses_names = True
        # What was said by hand, by place: a label, or None for a picture that is left out.
        self._typed: dict[int, str | None] = {}
        self._lock = threading.Lock()
        self._order = self._ordered()

    @property
    def named(self) -> bool:
        """Whether names of files were taken for labels, which they may not be."""
        return FROM_NAMES in self._labels_from

    @property
    def labels_from(self) -> list[str]:
        """Where the given labels come from, in words; empty where there are none."""
        return [source for source in self._labels_from if self.uses_names or source != FROM_NAMES]

    @property
    def model(self) -> str:
        """What the page's menu calls the model that read the pictures."""
        return model_name(self.cards[0].reading.model_id)

    @property
    def labelled(self) -> int:
        """How many pictures have a label."""
        return sum(self.label(place) is not None for place in range(len(self.cards)))

    @property
    def typed(self) -> int:
        """How many labels were typed, in place of a given one or of none."""
        return sum(label is not None for label in list(self._typed.values()))

    @property
    def is_waiting(self) -> bool:
        """Whether there is a picture about which nothing was said yet."""
        return any(self._is_open(place) for place in self._order)

    def label(self, place: int) -> str | None:
        """Return the label of a picture; None where there is none."""
        return self._typed.get(place, self._given(place))

    def is_left_out(self, place: int) -> bool:
        """Return whether a picture was left out by hand."""
        return place in self._typed and self._typed[place] is None

    def use_names(self, use: bool) -> None:
        """Take names of files for labels, or take that back; other labels stay."""
        with self._lock:
            self.uses_names = use
            self._order = self._ordered()

    def write_label(self, place: int, text: str) -> None:
        """Label a picture by hand.

        Raises:
            CorrectionError: If the text can be no label.
        """
        label = label_of(text)
        with self._lock:
            self._typed[place] = label

    def leave_out(self, place: int) -> None:
        """Learn nothing from a picture."""
        with self._lock:
            self._typed[place] = None

    def first(self) -> int:
        """Return the picture to begin with: the least sure of those without a label, of all where all have one."""
        return self.open_after(None)

    def open_after(self, place: int | None) -> int:
        """Return the next picture about which nothing was said, or, when there is none, the next in order."""
        order = self._order
        start = 0 if place is None else order.index(place) + 1
        round_trip = [*order[start:], *order[:start]]
        return next(filter(self._is_open, round_trip), round_trip[0])

    def before(self, place: int) -> int:
        """Return the picture before this one, in the order in which they are shown."""
        return self._order[self._order.index(place) - 1]

    def named_place(self, name: str | None) -> int | None:
        """Return the place of a picture by its name; None if there is no such."""
        return next((place for place, card in enumerate(self.cards) if card.name == name), None)

    def write(self, path: Path) -> int:
        """Write the labelled pictures as Parquet and return how many there are."""
        with ParquetWriter(path) as writer:
            for place, card in enumerate(self.cards):
                if (label := self.label(place)) is not None:
                    writer.write(Sample(card.picture, label, card.name, SOURCE))
        return writer.rows

    def _given(self, place: int) -> str | None:
        card = self.cards[place]
        return card.given if self.uses_names or card.given_from != FROM_NAMES else None

    def _is_open(self, place: int) -> bool:
        return self.label(place) is None and not self.is_left_out(place)

    def _ordered(self) -> list[int]:
        """Return all places: those without a label first, of both kinds the least sure before the others."""

        def key(place: int) -> tuple[bool, float]:
            return self._given(place) is not None, self.cards[place].reading.confidence

        return sorted(range(len(self.cards)), key=key)


class Kept:
    """Pictures that are kept while they are read, within a bound."""

    def __init__(self, found: PictureSet, most_bytes: int = MOST_BYTES) -> None:
        """Prepare to keep the pictures of a set, which is read through ``found``."""
        self._items: list[Item] = []
        self._most_bytes = most_bytes
        self._source = found
        self.found = replace(found, items=self._keep)

    def lesson(self, readings: Sequence[Reading], notes: Sequence[str]) -> Lesson:
        """Return the pictures that were read, with a note for each that could not be.

        Raises:
            DataError: If there is none.
        """
        cards, unread = [], []
        for reading, item, name in zip(readings, self._items, _distinct(self._items), strict=False):
            if isinstance(reading.outcome, Prediction) and isinstance(item.picture, bytes):
                cards.append(Card(name, item.picture, reading.outcome, item.label, item.label_from))
            else:
                unread.append(f"Left out: {reading.outcome}")
        return Lesson(cards, [*notes, *unread], self._source.labels_from)

    def _keep(self) -> Iterator[Item]:
        left = self._most_bytes
        for item in self._source.items():
            if isinstance(item.picture, bytes):
                left -= len(item.picture)
            if left < 0:
                raise DataError(
                    f"These pictures have more than {self._most_bytes >> 20} MB together; send fewer, or use "
                    "python train.py --adapt."
                )
            self._items.append(item)
            yield item


def _distinct(items: Sequence[Item]) -> list[str]:
    """Return the names, with a number behind those that were there before."""
    names: dict[str, None] = {}
    numbers: Counter[str] = Counter()
    for item in items:
        name = item.name
        while name in names:
            numbers[item.name] += 1
            name = f"{item.name} ({numbers[item.name] + 1})"
        names[name] = None
    return list(names)
