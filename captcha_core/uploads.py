"""What files that a stranger sent stand for: pictures, one after the other, with their labels where these are known.

Every file is opened anew for every pass over the pictures, and no more than a few are held at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from captcha_core.archive import ARCHIVE_SUFFIXES, LONGEST_NAME, ArchiveLimits, open_archive, shown_name
from captcha_core.data.folder import labels_of_names
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.files import PARQUET_SUFFIXES
from captcha_core.imaging import read_picture

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from captcha_core.data.reading import Layout

FROM_NAMES, FROM_TABLE, FROM_COLUMN = "file names", "labels.csv", "the column label"
"""Where labels may come from."""


class Upload(NamedTuple):
    """A file that was sent.

    Attributes:
        path: Where it lies; this is never shown.
        name: What its sender calls it.
    """

    path: Path
    name: str


class Item(NamedTuple):
    """A picture of an upload.

    Attributes:
        name: What to call it.
        picture: Its bytes as they were sent, or why there are none.
        label: Its text; None where it is not known.
        label_from: Where it comes from: ``FROM_NAMES``, ``FROM_TABLE`` or ``FROM_COLUMN``; empty where there is none.
    """

    name: str
    picture: bytes | CaptchaLabError
    label: str | None = None
    label_from: str = ""


@dataclass(frozen=True)
class PictureSet:
    """The pictures of uploads.

    Attributes:
        count: How many there are; an unreadable one counts.
        notes: What the sender should know, in sentences.
        labels_from: Where the labels come from; empty where there are none.
        items: Begins a pass over them.
    """

    count: int
    notes: tuple[str, ...]
    labels_from: tuple[str, ...]
    items: Callable[[], Iterator[Item]]


def gather(uploads: Sequence[Upload], most: int, limits: ArchiveLimits | None = None) -> PictureSet:
    """Look at what was sent, without decoding a picture.

    Pictures are taken by themselves, zip archives and Parquet files for what they hold. A file that cannot be opened is
    one unreadable picture among others.

    Args:
        uploads: The files.
        most: Pictures beyond so many are left out, and a note says so.
        limits: What one file may hold; None takes the usual.

    Raises:
        DataError: If there is nothing to read; where no file can be opened, this is the reason for the first.
    """
    limits = limits or ArchiveLimits()
    singles: list[Upload] = []
    sets: list[PictureSet] = []
    refused: list[DataError] = []
    for upload in uploads:
        suffix = Path(upload.name).suffix.lower()
        opener = _archive if suffix in ARCHIVE_SUFFIXES else _parquet if suffix in PARQUET_SUFFIXES else None
        if opener is None:
            singles.append(upload)
            continue
        try:
            sets.append(opener(upload, limits))
        except DataError as error:
            refused.append(error)
            sets.append(PictureSet(1, (), (), partial(iter, [Item(shown_name(upload.name), error)])))
    if refused and len(refused) == len(uploads):
        raise refused[0]
    together = _joined([*([_singles(singles, limits)] if singles else []), *sets])
    if not together.count:
        raise DataError("There is no picture in what was sent; send pictures, a zip or a Parquet file.")
    if together.count <= most:
        return together
    note = f"These are {together.count:,} pictures; the first {most:,} are read. predict.py reads any number."
    return replace(together, count=most, notes=(note, *together.notes), items=lambda: islice(together.items(), most))


def _joined(sets: Sequence[PictureSet]) -> PictureSet:
    return PictureSet(
        count=sum(part.count for part in sets),
        notes=tuple(note for part in sets for note in part.notes),
        labels_from=tuple(dict.fromkeys(place for part in sets for place in part.labels_from)),
        items=lambda: chain.from_iterable(part.items() for part in sets),
    )


def _singles(uploads: Sequence[Upload], limits: ArchiveLimits) -> PictureSet:
    labels = labels_of_names([upload.name for upload in uploads])

    def items() -> Iterator[Item]:
        for place, upload in enumerate(uploads):
            label, label_from = (labels[place], FROM_NAMES) if labels else (None, "")
            name = shown_name(upload.name)
            try:
                yield Item(name, _bounded(read_picture(upload.path, name), name, limits), label, label_from)
            except ImageError as error:
                yield Item(name, error, label, label_from)

    return PictureSet(len(uploads), (), (FROM_NAMES,) if labels else (), items)


def _archive(upload: Upload, limits: ArchiveLimits) -> PictureSet:
    name = shown_name(upload.name)
    if Path(upload.name).suffix.lower() != ".zip":
        raise DataError(f"{name} is an archive of another kind; of archives only zip is read.")
    with open_archive(upload.path, name, limits) as archive:
        count, notes = len(archive.names), archive.notes
        labels: dict[int, str] = {place: label for place, label in archive.labels.items() if len(label) < LONGEST_NAME}
        labels_from = FROM_TABLE if labels else ""
        if not archive.has_table and (named := labels_of_names(archive.names)):
            labels, labels_from = dict(enumerate(named)), FROM_NAMES
    if not count:
        raise DataError(f"{name} holds no pictures (PNG, JPEG, GIF, BMP, WebP, TIFF, AVIF or PPM).")

    def items() -> Iterator[Item]:
        try:
            with open_archive(upload.path, name, limits) as again:
                for place, picture in enumerate(again.pictures()):
                    source = picture.source
                    assert isinstance(source, bytes | CaptchaLabError)
                    label = labels.get(place)
                    yield Item(picture.name, source, label, labels_from if label else "")
        except DataError as error:
            yield Item(name, error)

    return PictureSet(count, tuple(notes), (labels_from,) if labels_from else (), items)


def _parquet(upload: Upload, limits: ArchiveLimits) -> PictureSet:
    # Pictures and archives need no pyarrow, whose import takes a second.
    from captcha_core.data.reading import opened, stream

    name = shown_name(upload.name)
    try:
        with opened(upload.path) as file:
            layout, notes = _layout(file, name, limits)
            count = file.metadata.num_rows
    except DataError as error:
        raise _without_path(error, upload, name) from error
    if not count:
        raise DataError(f"{name} has no rows.")

    def items() -> Iterator[Item]:
        left = limits.total_bytes
        try:
            with opened(upload.path) as again:
                for sample in stream(again, layout):
                    left -= len(sample.image)
                    if left < 0:
                        raise _too_much(name, limits)
                    label = sample.label if len(sample.label) < LONGEST_NAME else None
                    picture = _bounded(sample.image, sample.path, limits)
                    yield Item(shown_name(sample.path), picture, label or None, FROM_COLUMN if label else "")
        except DataError as error:
            yield Item(name, _without_path(error, upload, name))

    return PictureSet(count, tuple(notes), (FROM_COLUMN,) if layout.label else (), items)


def _layout(file: pq.ParquetFile, name: str, limits: ArchiveLimits) -> tuple[Layout, list[str]]:
    """Return which columns of a file hold pictures and labels, and why there are no labels where there could be.

    Raises:
        DataError: If there is no one column of pictures, or the file says that it unpacks to more than it may.
    """
    from captcha_core.data.reading import Layout
    from captcha_core.data.schema import choose_image_column, choose_label_column

    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    if sum(group.total_byte_size for group in groups) > limits.total_bytes:
        raise _too_much(name, limits)
    schema = file.schema_arrow
    try:
        image = choose_image_column(schema, name)
    except DataError as error:
        raise DataError(
            f"{name} has no column of pictures that can be told; call the column of the encoded pictures image."
        ) from error
    label, notes = None, []
    if "label" in schema.names:
        try:
            label = choose_label_column(schema, name)
        except DataError:
            notes.append(f"{name}: the column label is not text, so the readings are not compared with it.")
    # The name stands where else the path would, since rows without a name are called by it.
    return Layout(name, image, label, None, None, None), notes


def _bounded(data: bytes, name: str, limits: ArchiveLimits) -> bytes | ImageError:
    if len(data) <= limits.entry_bytes:
        return data
    return ImageError(
        f"{shown_name(name)} is larger than {limits.entry_bytes >> 20} MB; crop or shrink it to the text."
    )


def _too_much(name: str, limits: ArchiveLimits) -> DataError:
    return DataError(f"{name} unpacks to more than {limits.total_bytes >> 20} MB; split it into several.")


def _without_path(error: DataError, upload: Upload, name: str) -> DataError:
    """Return an error that calls the file by its sender's name."""
    return DataError(str(error).replace(str(upload.path), name))
