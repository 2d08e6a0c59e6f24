"""What the paths on a command line stand for: pictures, folders of pictures, and the rows of Parquet files.

They stand for jobs of some hundred pictures each, of which a process, here or elsewhere, reads one at a time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.data.cutting import in_jobs
from captcha_core.errors import DataError
from captcha_core.files import PARQUET_SUFFIXES, archive_problem, version_of
from captcha_core.imaging import PICTURE_SUFFIXES
from captcha_core.recognizer import NamedSource
from captcha_core.urls import named

if TYPE_CHECKING:
    from captcha_core.data.slices import Slice


@dataclass(frozen=True)
class PictureFiles:
    """Picture files, or why there is none, each with the size and time of the file."""

    entries: tuple[tuple[NamedSource, tuple[int, int]], ...]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.entries)

    def first(self, count: int) -> PictureFiles:
        """Return the first so many."""
        return PictureFiles(self.entries[:count])

    def pictures(self) -> Iterator[tuple[NamedSource, None]]:
        """Yield the pictures, which have no labels."""
        for picture, _ in self.entries:
            yield picture, None


@dataclass(frozen=True)
class PictureRows:
    """Rows of a Parquet file; the same without labels."""

    rows: Slice

    def __len__(self) -> int:
        """Return how many there are."""
        return self.rows.stop - self.rows.first

    def first(self, count: int) -> PictureRows:
        """Return the first so many."""
        return PictureRows(replace(self.rows, stop=min(self.rows.stop, self.rows.first + count)))

    def pictures(self) -> Iterator[tuple[NamedSource, None]]:
        """Yield the pictures; where the file cannot be read on, why."""
        name = shown(self.rows.layout.where)
        number = self.rows.first
        try:
            for sample in self.rows.samples():
                yield NamedSource(f"{name}#{number}", sample.image), None
                number += 1
        except DataError as error:
            yield NamedSource(name, error), None


PictureJob = PictureFiles | PictureRows


def find_pictures(paths: Iterable[Path], image_column: str | None = None) -> Iterator[NamedSource]:
    """Yield every picture that the paths stand for, in their order; what cannot be read is an error in its place.

    A folder stands for the pictures in it and below or, without any, for its Parquet files, in natural order
    (2.png before 10.png); hidden files are passed over. A Parquet file stands for its rows, of all splits and
    with labels or without, called ``file.parquet#0`` and so on; it is streamed. Any other path is taken for a
    picture.

    Args:
        paths: Files and folders.
        image_column: Parquet column of the encoded pictures, if it is not the obvious one.
    """
    return (picture for job in picture_jobs(paths, image_column) for picture, _ in job.pictures())


def picture_jobs(paths: Iterable[Path], image_column: str | None = None) -> Iterator[PictureJob]:
    """Yield the jobs of :func:`find_pictures`; their order and that of the pictures in them is the same."""
    for are_rows, together in groupby(_found(paths), _is_parquet):
        if are_rows:
            files = (found for found in together if isinstance(found, Path))
            yield from chain.from_iterable(_row_jobs(file, image_column) for file in files)
        else:
            yield from map(PictureFiles, in_jobs(map(_entry, together)))


def limited(jobs: Iterable[PictureJob], count: int | None) -> Iterator[PictureJob]:
    """Yield jobs up to so many pictures; None passes all on."""
    left = count
    for job in jobs:
        if left is None:
            yield job
        elif left > 0:
            yield job.first(left)
            left -= len(job)
        else:
            return


def _found(paths: Iterable[Path]) -> Iterator[Path | NamedSource]:
    """Yield the files that paths stand for, or why there is none."""
    for path in paths:
        files = _expanded(path) if os.path.isdir(path) else [path]
        if not files:
            yield NamedSource(shown(path), DataError(f"{shown(path)} is a folder without pictures; name another."))
        for file in files:
            yield _unpacked(file)


def _unpacked(file: Path) -> Path | NamedSource:
    """Return a file, or why it cannot be read if it is an archive."""
    problem = archive_problem(file, shown(file))
    return file if problem is None else NamedSource(shown(file), DataError(problem))


def _is_parquet(found: Path | NamedSource) -> bool:
    return isinstance(found, Path) and found.suffix.lower() in PARQUET_SUFFIXES


def _entry(found: Path | NamedSource) -> tuple[NamedSource, tuple[int, int]]:
    """Return a picture with its version; its path is absolute, since who reads it may work in another folder."""
    if isinstance(found, NamedSource):
        return found, (0, 0)
    return NamedSource(shown(found), found.absolute()), version_of(found)


def shown(path: str | Path) -> str:
    """Return a path or URL as text that can be printed and stored: bytes that are no UTF-8 become a mark."""
    return os.fsencode(named(path)).decode("utf-8", "replace")


def natural_key(text: str) -> list[str | int]:
    """Return a key that sorts runs of digits by their number, and letters of either case together."""
    return [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", text)]


def _expanded(folder: Path) -> list[Path]:
    """Return the pictures in and below a folder or, if there are none, the Parquet files, in natural order."""
    pictures: list[Path] = []
    parts: list[Path] = []
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        visible = [Path(where, name) for name in files if not name.startswith(".")]
        pictures += [path for path in visible if path.suffix.lower() in PICTURE_SUFFIXES]
        parts += [path for path in visible if path.suffix.lower() in PARQUET_SUFFIXES]
    # The path itself decides between names that differ only in case or in leading zeros.
    return sorted(pictures or parts, key=lambda path: ([natural_key(part) for part in path.parts], path))


def _row_jobs(path: Path, image_column: str | None) -> Iterator[PictureJob]:
    # Pictures alone need no pyarrow, whose import takes a second.
    from captcha_core.data.slices import picture_slices

    try:
        yield from map(PictureRows, picture_slices(path, image_column))
    except DataError as error:
        yield PictureFiles(((NamedSource(shown(path), error), (0, 0)),))
