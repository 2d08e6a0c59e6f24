"""Labelled pictures in Parquet: written, streamed and combined one row group at a time."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from captcha_core.data.reading import Layout, layout_of, opened, samples_of, stream, wanted_rows
from captcha_core.data.schema import ALL_SPLITS, SCHEMA, SPLIT_COLUMN, Sample, choose_label_column
from captcha_core.errors import DataError
from captcha_core.files import atomic_path, version_of
from captcha_core.urls import named

logger = logging.getLogger(__name__)

GROUP_BYTES = 64 << 20
"""A row group is also closed at this many bytes of pictures, so that big pictures do not fill the memory."""

_LARGE_GROUP_BYTES = 1 << 30


def table_writer(path: Path, schema: pa.Schema, image_column: str) -> pq.ParquetWriter:
    """Open a Parquet file for pictures and their labels, compressed by zstd.

    Dictionaries and statistics of the pictures themselves would only cost time and space. A page is closed only between
    batches: with the default batch of 1,024 rows all pictures would be one page, which a reader has to take in whole.
    """
    text = [name for name in schema.names if name != image_column]
    return pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=text, write_statistics=text, write_batch_size=16
    )


class ParquetWriter:
    """Writes samples to one Parquet file, which appears under its name only when the block succeeds.

    Row groups are compressed with zstd. At most one row group is held in memory.

    Args:
        path: The file to write; its folder is made if it is missing.
        row_group_size: Rows per row group; fewer when their pictures reach ``GROUP_BYTES``.
        schema: ``SCHEMA``, or ``SPLIT_SCHEMA`` for a file with a ``split`` column.

    Raises:
        CaptchaLabError: If the file cannot be written; what was at ``path`` before is still there.
    """

    def __init__(self, path: str | Path, row_group_size: int = 1000, schema: pa.Schema = SCHEMA) -> None:
        """Remember where and how to write; nothing is opened before the ``with`` block."""
        self._path = Path(path)
        self._row_group_size = row_group_size
        self._schema = schema
        self._pending: list[dict[str, Any]] = []
        self._pending_bytes = 0
        self._stack = ExitStack()
        self.rows = 0

    def __enter__(self) -> ParquetWriter:
        """Open a temporary file beside the target."""
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self._path))
            self._writer = table_writer(temporary, self._schema, "image")
            stack.push(self._finish)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        """Write what is pending and give the file its name, or leave no trace if the block failed."""
        return self._stack.__exit__(*error)

    def write(self, sample: Sample, split: str | None = None) -> None:
        """Add one row.

        Args:
            sample: The picture and its label.
            split: The value of the ``split`` column; only with ``SPLIT_SCHEMA``.
        """
        row: dict[str, Any] = {"image": {"bytes": sample.image, "path": sample.path}}
        row.update(label=sample.label, source=sample.source)
        if split is not None:
            row[SPLIT_COLUMN] = split
        if len(row) != len(self._schema.names):
            raise ValueError(f"a row with {list(row)} does not fit the columns {self._schema.names}")
        self._pending.append(row)
        self._pending_bytes += len(sample.image)
        self.rows += 1
        if len(self._pending) >= self._row_group_size or self._pending_bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            table = pa.Table.from_pylist(self._pending, schema=self._schema)
            self._writer.write_table(table, row_group_size=len(self._pending))
        self._pending, self._pending_bytes = [], 0

    def _finish(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
            self._writer.close()
        else:
            # The first error is the one to report; the temporary file is thrown away in any case.
            with suppress(Exception):
                self._writer.close()


def iter_parquet(
    path: str | Path,
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    split: str | None = None,
) -> Iterator[Sample]:
    """Stream the labelled pictures of one file; memory does not grow with the file.

    Args:
        path: A Parquet file.
        image_column: The column of the encoded pictures, if it is not the obvious one.
        label_column: The column of the labels, if it is not ``label``.
        split: Only rows with this value in the file's ``split`` column; ``"all"`` takes every row.

    Yields:
        The rows in order. A row without picture or label comes with an empty one.

    Raises:
        DataError: If the file cannot be read or its columns do not fit, if it has a ``split`` column and no
            split is chosen, or if it has no row of that split.
    """
    with opened(path) as file:
        label = choose_label_column(file.schema_arrow, named(path), label_column)
        yield from stream(file, layout_of(file, path, image_column, label, splits_to_read([path], split)[0]))


def iter_pictures(path: str | Path, *, image_column: str | None = None, split: str | None = None) -> Iterator[Sample]:
    """Stream the pictures of one file that may have no labels; every label comes empty.

    Args:
        path: A Parquet file.
        image_column: The column of the encoded pictures, if it is not the obvious one.
        split: Only rows with this value in the file's ``split`` column; ``"all"`` takes every row.

    Yields:
        The rows in order.

    Raises:
        DataError: As :func:`iter_parquet`, but for the label.
    """
    with opened(path) as file:
        yield from stream(file, layout_of(file, path, image_column, None, splits_to_read([path], split)[0]))


def splits_to_read(paths: Sequence[str | Path], split: str | None) -> list[str | None]:
    """Return, for every file, the split to read: the wanted one, or ``None`` where a file has no split column.

    Among several files those without a ``split`` column are read whole: who lists them means all their rows.

    Raises:
        DataError: If one named split is wanted and none of the files has a ``split`` column.
    """
    has_one = []
    for path in paths:
        with opened(path) as file:
            has_one.append(SPLIT_COLUMN in file.schema_arrow.names)
    if split not in (None, ALL_SPLITS) and not any(has_one):
        names = ", ".join(str(path) for path in paths) or "the inputs"
        raise DataError(f"There is no column 'split' in {names}, so no rows of {split!r}; leave --split out.")
    return [split if has else None for has in has_one]


def parquet_to_parquet(
    inputs: Sequence[str | Path],
    output: str | Path,
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    split: str | None = None,
) -> int:
    """Combine Parquet files into one, streaming; ``make_dataset.py`` also checks and splits the rows.

    Args:
        inputs: The files, in order.
        output: The file to write, atomically.
        image_column: The column of the encoded pictures, if it is not the obvious one.
        label_column: The column of the labels, if it is not ``label``.
        split: As for :func:`iter_parquet`; the output has no ``split`` column.

    Returns:
        The number of rows written.

    Raises:
        DataError: If a file cannot be read or does not fit; then nothing is written.
    """
    splits = splits_to_read(inputs, split)
    with ParquetWriter(output) as writer:
        for path, wanted in zip(inputs, splits, strict=True):
            for sample in iter_parquet(path, image_column=image_column, label_column=label_column, split=wanted):
                writer.write(sample)
    return writer.rows


class ParquetRows:
    """Random access by row group over several files, for training.

    Rows are numbered from 0 through all files in order; rows of other splits are left out of the count.
    Labels are read at once, without the pictures. Files are opened only while they are read, so one object
    serves several threads or processes. One row group is the unit of reading: combine files that have a single
    huge one with ``make_dataset.py`` first.

    Args:
        paths: Parquet files.
        image_column: The column of the encoded pictures, if it is not the obvious one.
        label_column: The column of the labels, if it is not ``label``.
        split: As for :func:`iter_parquet`; files without a ``split`` column are read whole if another has one.

    Attributes:
        labels: The label of every row.
        row_groups: ``(start, stop)`` row numbers of every row group that has rows.
        origins: A number per row, the same for the same row of a file that is named more than once.
        counts: How many rows each file has, in order.

    Raises:
        DataError: As :func:`iter_parquet`, or if there are no rows, or a row has no label.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        *,
        image_column: str | None = None,
        label_column: str | None = None,
        split: str | None = None,
    ) -> None:
        """Read the labels and the places of the row groups."""
        self.labels: list[str] = []
        self.row_groups: list[tuple[int, int]] = []
        self._groups: list[tuple[int, int]] = []
        self._layouts: list[Layout] = []
        self._files: list[tuple[str, int, int]] = []
        self.counts: list[int] = []
        self.origins: list[int] = []
        first_origin: dict[Path, int] = {}
        for path, wanted in zip(paths, splits_to_read(paths, split), strict=True):
            with opened(path) as file:
                label = choose_label_column(file.schema_arrow, named(path), label_column)
                self._layouts.append(layout_of(file, path, image_column, label, wanted))
                before = len(self.labels)
                for group in range(file.num_row_groups):
                    self._add_group(file, group)
                count = len(self.labels) - before
                self._files.append((Path(path).name, version_of(path)[0], count))
                self.counts.append(count)
                start = first_origin.setdefault(Path(path).resolve(), before)
                self.origins += range(start, start + count)
        if not self.labels:
            raise DataError(f"There are no rows in {', '.join(str(p) for p in paths) or 'no files'}; name other data.")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)

    def read_group(self, index: int) -> list[Sample]:
        """Read the rows ``row_groups[index]`` with their pictures.

        Raises:
            DataError: If the file has gone or is damaged.
        """
        file_index, group = self._groups[index]
        layout = self._layouts[file_index]
        with opened(layout.where) as file:
            first = sum(file.metadata.row_group(g).num_rows for g in range(group))
            rows = file.read_row_group(group, columns=layout.columns, use_threads=False)
            return list(samples_of(rows, layout, first))

    def fingerprint(self) -> str:
        """Return 12 hex digits that change with any label, any number of rows, any file's name or size."""
        digest = hashlib.blake2b(repr(self._files).encode(), digest_size=6)
        for label in self.labels:
            digest.update(label.encode() + b"\0")
        return digest.hexdigest()

    def _add_group(self, file: pq.ParquetFile, group: int) -> None:
        layout = self._layouts[-1]
        size = file.metadata.row_group(group).total_byte_size
        if size > _LARGE_GROUP_BYTES:
            logger.warning("%s has a row group of %.1f GB; make_dataset.py makes small ones", layout.where, size / 1e9)
        columns = [c for c in (layout.label, layout.split_column) if c is not None]
        table = wanted_rows(file.read_row_group(group, columns=columns, use_threads=False), layout)[0]
        labels = table.column(layout.label).to_pylist()
        if not all(labels):
            raise DataError(f"{layout.where} has rows without a label; make_dataset.py leaves them out.")
        if labels:
            self.row_groups.append((len(self.labels), len(self.labels) + len(labels)))
            self._groups.append((len(self._layouts) - 1, group))
            self.labels += labels
