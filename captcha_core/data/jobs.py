"""Labelled pictures as jobs: where a few hundred rows are, for whichever process is to read them.

The rows of all jobs are those of :func:`captcha_core.data.load.load_rows` with the same arguments, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from captcha_core.data.folder import Listed, list_csv, list_files, list_folder
from captcha_core.data.load import TABLE_SUFFIXES, inputs_to_read
from captcha_core.data.reading import Layout, layout_of, opened, stream_slice
from captcha_core.data.schema import ALL_SPLITS, Sample, choose_label_column
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.files import version_of

JOB_ROWS = 256
"""Rows of a job, at least; enough that handing it over does not count."""

# Into so many jobs at most a row group is cut: each job reads past the rows before its own.
_CUTS = 16


class LabelledJob(Protocol):
    """Rows that are read together."""

    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Yield them, with an error in place of one that cannot be read."""
        ...


@dataclass(frozen=True)
class Slice:
    """Rows of a Parquet file.

    Attributes:
        layout: Which columns and which split are wanted.
        version: Size and time of the file, by which one that was replaced is told.
        first: Number of the first row.
        stop: One more than the number of the last.
    """

    layout: Layout
    version: tuple[int, int]
    first: int
    stop: int

    def samples(self) -> Iterator[Sample]:
        """Yield the rows as they are.

        Raises:
            DataError: If the file cannot be read.
        """
        with opened(self.layout.where) as file:
            yield from stream_slice(file, self.layout, self.first, self.stop)

    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Yield the rows, with an error in place of one without a label."""
        for sample in self.samples():
            yield sample if sample.label else DataError(f"{sample.path} in {self.layout.where} has no label.")


@dataclass(frozen=True)
class FileList:
    """Picture files, or why there is none, with the size and time of each."""

    entries: tuple[Listed | CaptchaLabError, ...]
    versions: tuple[tuple[int, int], ...]

    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Read the files."""
        for entry in self.entries:
            yield entry.sample() if isinstance(entry, Listed) else entry


def labelled_jobs(
    inputs: Sequence[str | Path],
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    split: str | None = None,
    pattern: str | None = None,
) -> Iterator[LabelledJob]:
    """Yield the jobs of any mix of inputs; the arguments and errors are those of ``load_rows``."""
    files, splits = inputs_to_read(inputs, split)
    for file in files:
        if file in splits:
            yield from labelled_slices(file, image_column, label_column, splits[file])
        elif file.is_dir():
            yield from _file_lists(list_folder(file, pattern))
        elif file.suffix.lower() in TABLE_SUFFIXES:
            yield from _file_lists(list_csv(file, file_column=image_column, label_column=label_column))
        else:
            yield from _file_lists(list_files([file], pattern))


def labelled_slices(
    path: Path, image_column: str | None, label_column: str | None, split: str | None
) -> Iterator[Slice]:
    """Yield the slices of one Parquet file with labels."""
    with opened(path) as file:
        label = choose_label_column(file.schema_arrow, str(path), label_column)
        layout = layout_of(file, path, image_column, label, split)
        groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    yield from slices(layout, groups)


def picture_slices(path: Path, image_column: str | None) -> Iterator[Slice]:
    """Yield the slices of one Parquet file, of all splits, whose pictures may have no labels."""
    with opened(path) as file:
        layout = layout_of(file, path, image_column, None, ALL_SPLITS)
        groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    yield from slices(layout, groups)


def slices(layout: Layout, groups: Iterable[int]) -> Iterator[Slice]:
    """Yield slices for row groups of so many rows each, none over the border of a group."""
    version = version_of(layout.where)
    start = 0
    for rows in groups:
        size = max(JOB_ROWS, -(-rows // _CUTS))
        for first in range(start, start + rows, size):
            yield Slice(layout, version, first, min(first + size, start + rows))
        start += rows


def _file_lists(entries: Iterator[Listed | CaptchaLabError]) -> Iterator[FileList]:
    while group := tuple(islice(entries, JOB_ROWS)):
        yield FileList(group, tuple(version_of(e.file) if isinstance(e, Listed) else (0, 0) for e in group))
