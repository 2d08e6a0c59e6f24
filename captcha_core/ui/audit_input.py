"""What the audit takes in: labelled pictures, as files, in a zip or in a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from captcha_core.archive import ArchiveLimits
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.evaluation.sweep_overlays import GivenPictures, choose_pictures
from captcha_core.ui.batch_reading import gathered
from captcha_core.ui.files import Files
from captcha_core.uploads import FROM_NAMES, PictureSet

MAX_BYTES = 16 << 20
"""Most that the files, and most that the pictures in them when unpacked, may have together, in bytes."""
MOST_ROWS = 20_000

_HOW = "send pictures that are named by their texts (ABCD.png), a zip of them, or a Parquet file with image and label"


def uploaded_pictures(files: Files, count: int, seed: int) -> GivenPictures:
    """Choose pictures out of what was uploaded, of a Parquet file from all its splits.

    Args:
        files: What was sent.
        count: How many pictures to choose, at most.
        seed: Of the choice.

    Raises:
        DataError: If nothing was sent, or too much, or no picture of it has a text that is known and can be opened. The
            text names no path of the server.
    """
    if files is None:
        raise DataError(f"There is nothing to measure; {_HOW}.")
    title = files[0].name if isinstance(files, list) and len(files) == 1 else "Your upload"
    labelled = _Labelled(_bounded(files, title), title)
    chosen = choose_pictures(labelled, count, seed, title)
    return replace(chosen, notes=(*labelled.notes(), *chosen.notes))


def _bounded(files: Files, title: str) -> PictureSet:
    """Look at what was sent, without unpacking it.

    Raises:
        DataError: If it says of itself that it is too large, or holds nothing.
    """
    if isinstance(files, list) and sum(file.path.stat().st_size for file in files) > MAX_BYTES:
        raise _too_large(title)
    found = gathered(files, MOST_ROWS + 1, ArchiveLimits(total_bytes=MAX_BYTES))
    if found.count > MOST_ROWS:
        raise _too_large(title)
    return found


@dataclass
class _Labelled:
    """The pictures of a set that have a text, one pass over them, and what became of the others.

    Attributes:
        found: The set.
        title: What it is called.
        unlabelled: Pictures without a text.
        refused: Why others could not be read.
    """

    found: PictureSet
    title: str
    unlabelled: int = 0
    refused: tuple[CaptchaLabError, ...] = ()

    def __iter__(self) -> Iterator[Sample]:
        """Go over the pictures.

        Raises:
            DataError: If they are too large together, or none has a text.
        """
        left, labelled = MAX_BYTES, 0
        for item in self.found.items():
            if isinstance(item.picture, CaptchaLabError):
                self.refused += (item.picture,)
                continue
            left -= len(item.picture)
            if left < 0:
                raise _too_large(self.title)
            if item.label:
                labelled += 1
                yield Sample(item.picture, item.label, item.name, "")
            else:
                self.unlabelled += 1
        if not labelled:
            raise self._nothing()

    def _nothing(self) -> DataError:
        if self.refused and not self.unlabelled:
            return DataError(f"{self.title} holds no picture that can be read: {self.refused[0]}")
        return DataError(f"{self.title} has no texts that a reading could be compared with; {_HOW}.")

    def notes(self) -> Iterator[str]:
        """Say what the set's owner should know."""
        if FROM_NAMES in self.found.labels_from:
            yield "The names of the files were taken for the texts in them."
        yield from self.found.notes
        if self.unlabelled:
            yield f"Pictures left out because their text is not known: {self.unlabelled}."
        if self.refused:
            yield f"Left out because it cannot be read: {len(self.refused)} in all. The first: {self.refused[0]}"


def _too_large(name: str) -> DataError:
    return DataError(
        f"{name} is too large for this page: at most {MOST_ROWS:,} pictures and {MAX_BYTES >> 20} MB, also unpacked; "
        "send fewer pictures, 120 are enough, or measure on your own machine with python evaluate.py --sweep."
    )
