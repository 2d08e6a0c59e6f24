"""Rows into a CSV, JSON Lines or Parquet file, one by one, which takes its name only when it is whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path

Row = Sequence[Any]
Write = Callable[[Row], None]

# Rows that are held before they are written together as one row group of a Parquet file.
_ROW_GROUP = 1000

# What a spreadsheet takes for the start of a formula, and the mark that is put before it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def check_table_path(path: str | Path) -> None:
    """Refuse a path whose ending names no format.

    Raises:
        CaptchaLabError: If it ends in none of .csv, .jsonl and .parquet.
    """
    if Path(path).suffix.lower() not in _WRITERS:
        raise CaptchaLabError(f"{path} names no known format; let the output end in {', '.join(_WRITERS)}.")


@contextmanager
def open_table(path: str | Path, columns: Mapping[str, type]) -> Iterator[Write]:
    """Open a table for writing, in the format that the path's ending names.

    Args:
        path: Ends in .csv, .jsonl or .parquet. What is there already is replaced when the block succeeds.
        columns: Type of every column, by name: str, int, float, or tuple for a list of numbers.

    Yields:
        A function that adds a row: a value, or None, per column.

    Raises:
        CaptchaLabError: If the ending is unknown or the file cannot be written.
    """
    check_table_path(path)
    writer = _WRITERS[Path(path).suffix.lower()]
    with atomic_path(path) as temporary, writer(temporary, columns) as write:
        yield write


def csv_cell(value: object) -> str:
    """Return a value as the text of a CSV cell that no spreadsheet runs.

    A text that starts with ``=``, ``+``, ``-``, ``@``, a tab or a line break would be a formula to a spreadsheet
    (OWASP, "CSV injection"); it gets a ``'`` before it. So does one that starts with ``'``, so that taking one
    leading ``'`` away always gives the text back. None is an empty cell, a number has six decimals, and a
    list of numbers is separated by spaces.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    if isinstance(value, Sequence):
        return " ".join(csv_cell(item) for item in value)
    return str(value)


@contextmanager
def _csv(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        yield lambda row: writer.writerow([csv_cell(value) for value in row])


@contextmanager
def _json_lines(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as handle:
        yield lambda row: print(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False), file=handle)


@contextmanager
def _parquet(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    # Only this format needs pyarrow, whose import takes a second.
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), tuple: pa.list_(pa.float64())}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    waiting: list[Row] = []

    def flush() -> None:
        rows = [dict(zip(columns, row, strict=True)) for row in waiting]
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        waiting.clear()

    def write(row: Row) -> None:
        waiting.append(row)
        if len(waiting) == _ROW_GROUP:
            flush()

    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield write
        if waiting:
            flush()


_WRITERS: dict[str, Callable[[Path, Mapping[str, type]], AbstractContextManager[Write]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}
