"""Slices of Parquet files: rows that lie together, for whichever process is to read them.

Rows of a row group can only be read from its first one on. So a process that has read a slice keeps the file open, and
reads on from there when the next slice that it is given comes later in the same file, as it does in a command by itself
and in each of several workers: a file is read once by each, however large its row groups are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from captcha_core.data.cutting import rows_of_a_job
from captcha_core.data.reading import Layout, batch_rows, layout_of, opened, plain_errors, samples_of
from captcha_core.data.schema import ALL_SPLITS, Sample, choose_label_column
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.files import version_of
from captcha_core.urls import absolute, named


@dataclass(frozen=True)
class Slice:
    """Rows of one row group.

    Attributes:
        path: The file, as an absolute path or a URL: who reads may work in another folder.
        layout: Which columns and which split are wanted.
        version: Size and time of the file, by which one that was replaced is told.
        group: Number of the row group.
        start: Number, in the file, of the row group's first row.
        batch_rows: Rows to read at a time.
        first: Number of the first row.
        stop: One more than the number of the last.
    """

    path: str
    layout: Layout
    version: tuple[int, int]
    group: int
    start: int
    batch_rows: int
    first: int
    stop: int

    def samples(self) -> Iterator[Sample]:
        """Yield the rows as they are.

        Raises:
            DataError: If the file cannot be read.
        """
        with plain_errors(self.path, self.layout.where), _cursor_for(self) as cursor:
            yield from cursor.samples(self)

    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Yield the rows, with an error in place of one without a label."""
        for sample in self.samples():
            yield sample if sample.label else DataError(f"{sample.path} in {self.layout.where} has no label.")


class _Cursor:
    """An open file, and up to where it was read."""

    def __init__(self, wanted: Slice) -> None:
        self._of = self._key(wanted)
        self._open = ExitStack()
        self._file: pq.ParquetFile = self._open.enter_context(opened(wanted.path, wanted.layout.where))
        self._group = -1
        self._at = 0
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._rest: pa.RecordBatch | None = None

    @staticmethod
    def _key(wanted: Slice) -> tuple[object, ...]:
        return wanted.path, wanted.version, wanted.layout

    def fits(self, wanted: Slice) -> bool:
        """Tell whether a slice is of the same rows and columns of the same file."""
        return self._of == self._key(wanted)

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def is_at_the_end(self) -> bool:
        """Tell whether all was read."""
        return self._at >= int(self._file.metadata.num_rows)

    def samples(self, wanted: Slice) -> Iterator[Sample]:
        """Yield the rows of a slice."""
        if wanted.group != self._group or wanted.first < self._at:
            self._begin(wanted)
        while self._at < wanted.stop:
            batch, at = self._next(wanted), self._at
            begin, end = (min(max(row - at, 0), batch.num_rows) for row in (wanted.first, wanted.stop))
            self._rest = batch.slice(end) if end < batch.num_rows else None
            self._at += end
            if begin < end:
                yield from samples_of(batch.slice(begin, end - begin), wanted.layout, at + begin)

    def _begin(self, wanted: Slice) -> None:
        """Go to the first row of the slice's row group."""
        if wanted.group >= self._file.num_row_groups:
            raise _changed(wanted)
        self._group, self._at, self._rest = wanted.group, wanted.start, None
        columns = wanted.layout.columns
        self._batches = self._file.iter_batches(
            wanted.batch_rows, row_groups=[wanted.group], columns=columns, use_threads=False
        )

    def _next(self, wanted: Slice) -> pa.RecordBatch:
        batch = self._rest if self._rest is not None else next(self._batches, None)
        if batch is None:
            raise _changed(wanted)
        return batch


def _changed(wanted: Slice) -> DataError:
    return DataError(f"{wanted.layout.where} was changed while it was read; start again.")


# At most one, whose file has rows left to read.
_kept: list[_Cursor] = []


@contextmanager
def _cursor_for(wanted: Slice) -> Iterator[_Cursor]:
    """Give the cursor that was kept if it fits, else a new one; while it is given it is nobody else's."""
    cursor = _taken()
    if cursor is None or not cursor.fits(wanted):
        if cursor is not None:
            cursor.close()
        cursor = _Cursor(wanted)
    try:
        yield cursor
    except BaseException:
        cursor.close()
        raise
    while (other := _taken()) is not None:
        other.close()
    if cursor.is_at_the_end():
        cursor.close()
    else:
        _kept.append(cursor)


def _taken() -> _Cursor | None:
    try:
        return _kept.pop()
    except IndexError:
        return None


def labelled_slices(
    path: Path, image_column: str | None, label_column: str | None, split: str | None
) -> Iterator[Slice]:
    """Yield the slices of one Parquet file with labels."""
    with opened(path) as file:
        label = choose_label_column(file.schema_arrow, named(path), label_column)
        layout, sizes = layout_of(file, path, image_column, label, split), _sizes(file)
    yield from _slices(path, layout, sizes)


def picture_slices(path: Path, image_column: str | None) -> Iterator[Slice]:
    """Yield the slices of one Parquet file, of all splits, whose pictures may have no labels."""
    with opened(path) as file:
        layout, sizes = layout_of(file, path, image_column, None, ALL_SPLITS), _sizes(file)
    yield from _slices(path, layout, sizes)


def _sizes(file: pq.ParquetFile) -> list[tuple[int, int]]:
    """Return the rows and the bytes of every row group."""
    groups = (file.metadata.row_group(number) for number in range(file.num_row_groups))
    return [(group.num_rows, group.total_byte_size) for group in groups]


def _slices(path: Path, layout: Layout, sizes: list[tuple[int, int]]) -> Iterator[Slice]:
    """Yield slices, none over the border of a row group."""
    where, version, start = absolute(path), version_of(path), 0
    for group, (rows, size) in enumerate(sizes):
        taken, together = rows_of_a_job(rows, size), batch_rows(size)
        for first in range(start, start + rows, taken):
            yield Slice(where, layout, version, group, start, together, first, min(first + taken, start + rows))
        start += rows
