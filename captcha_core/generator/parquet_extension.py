"""Adding rows to a Parquet file, which Parquet itself has no way of: it is written again, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from captcha_core.data.parquet import GROUP_BYTES, table_writer
from captcha_core.data.reading import opened
from captcha_core.data.schema import SPLIT_COLUMN, Sample, choose_image_column, choose_label_column
from captcha_core.errors import DataError
from captcha_core.files import atomic_path

SPLIT_OF_NEW = "train"
"""Added rows are for learning: what a file's other splits measure stays what it was."""

_GROUP_ROWS = 1000
_BATCH_ROWS = 64


class ParquetExtension:
    """Writes a Parquet file again, the rows that it has first, and replaces it when the block succeeds.

    The old rows keep their order, values and columns, and the file its schema with its metadata. At most one row group
    is held in memory. A new row has ``"train"`` in a column ``split``, and nothing in columns that only the old rows
    know.

    Args:
        path: The file to add to.

    Raises:
        DataError: If it is no whole Parquet file, or its columns cannot take a picture and its label.
        CaptchaLabError: If it cannot be written; then it is as it was.
    """

    def __init__(self, path: str | Path) -> None:
        """Remember which file; nothing is opened before the ``with`` block."""
        self._path = Path(path)
        self._stack = ExitStack()
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._pending_rows = self._pending_bytes = 0

    def __enter__(self) -> ParquetExtension:
        """Copy the rows that are there to a temporary file beside the target."""
        with opened(self._path) as file:
            self._schema = file.schema_arrow
        self._image, self._label = _columns(self._schema, self._path)
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self._path))
            self._writer = table_writer(temporary, self._schema, self._image)
            stack.push(self._finish)
            for batch in _batches(self._path):
                self._add(batch)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        """Put the new file in the place of the old one, or leave no trace if the block failed."""
        return self._stack.__exit__(*error)

    def write(self, sample: Sample) -> None:
        """Add one row."""
        row: dict[str, Any] = {self._label: sample.label}
        if _is_text(self._schema, "source"):
            row["source"] = sample.source
        if _is_text(self._schema, SPLIT_COLUMN):
            row[SPLIT_COLUMN] = SPLIT_OF_NEW
        is_struct = pa.types.is_struct(self._schema.field(self._image).type)
        row[self._image] = {"bytes": sample.image, "path": sample.path} if is_struct else sample.image
        self._rows.append(row)
        if len(self._rows) == _BATCH_ROWS:
            self._add_rows()

    def _add_rows(self) -> None:
        if self._rows:
            self._add(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def _add(self, batch: pa.RecordBatch) -> None:
        """Take rows, and write those that fill a row group."""
        while batch.num_rows:
            room = _GROUP_ROWS - self._pending_rows
            head, batch = batch.slice(0, room), batch.slice(room)
            self._batches.append(head)
            self._pending_rows += head.num_rows
            self._pending_bytes += head.nbytes
            if self._pending_rows == _GROUP_ROWS or self._pending_bytes >= GROUP_BYTES:
                self._flush()

    def _flush(self) -> None:
        if self._batches:
            table = pa.Table.from_batches(self._batches, schema=self._schema)
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._batches, self._pending_rows, self._pending_bytes = [], 0, 0

    def _finish(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._add_rows()
            self._flush()
            self._writer.close()
        else:
            # The first error is the one to report; the temporary file is thrown away in any case.
            with suppress(Exception):
                self._writer.close()


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    # A generator of its own, so that an error of writing is not taken for one of reading this file.
    with opened(path) as file:
        yield from file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False)


def _columns(schema: pa.Schema, path: Path) -> tuple[str, str]:
    """Return the columns of pictures and of labels, and check that a new row can do without all others."""
    try:
        image, label = choose_image_column(schema, str(path)), choose_label_column(schema, str(path))
    except DataError as error:
        raise DataError(
            f"{path} has the columns {', '.join(schema.names)}, and to add to it pictures and a text column 'label' "
            "are needed; make_dataset.py makes such a file of it."
        ) from error
    filled = {image, label, *(name for name in ("source", SPLIT_COLUMN) if _is_text(schema, name))}
    unknown = [field.name for field in schema if field.name not in filled and not field.nullable]
    if unknown:
        raise DataError(
            f"{path} wants a value in every row of {', '.join(unknown)}, which a drawn picture has not; "
            "make_dataset.py makes a file without it."
        )
    return image, label


def _is_text(schema: pa.Schema, name: str) -> bool:
    if name not in schema.names:
        return False
    kind = schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
