"""One stream of labelled pictures out of any mix of Parquet files, folders, CSV or TSV files, and pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from captcha_core.data.folder import LABELS_FILE, iter_csv, iter_files, iter_folder, visible_entries
from captcha_core.data.parquet import iter_parquet, splits_to_read
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.files import PARQUET_SUFFIXES
from captcha_core.imaging import PICTURE_SUFFIXES
from captcha_core.urls import url_of

TABLE_SUFFIXES = (".csv", ".tsv")


def load_data(
    inputs: Sequence[str | Path],
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    split: str | None = None,
    pattern: str | None = None,
) -> Iterator[Sample]:
    """Stream labelled pictures from any mix of inputs; memory does not grow with them.

    Args:
        inputs: Parquet files, folders (of pictures, or of Parquet parts), CSV or TSV files, single pictures.
        image_column: The column of the pictures (Parquet) or of their file names (CSV), if not the obvious one.
        label_column: The column of the labels, if it is not ``label``.
        split: Which rows of Parquet files with a ``split`` column to read; ``"all"`` takes every row.
        pattern: Where the label is in a file's name; see :func:`captcha_core.data.folder.iter_files`.

    Yields:
        The pictures, encoded as they were found, input by input.

    Raises:
        DataError: If an input cannot be read or does not fit, or a row has no label.
        ImageError: If a picture file cannot be opened.
    """
    options = {"image_column": image_column, "label_column": label_column, "split": split, "pattern": pattern}
    for row in load_rows(inputs, **options):
        if isinstance(row, CaptchaLabError):
            raise row
        yield row


def load_rows(
    inputs: Sequence[str | Path],
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    split: str | None = None,
    pattern: str | None = None,
) -> Iterator[Sample | CaptchaLabError]:
    """Stream as :func:`load_data`, but with an error in place of a row that cannot be read.

    Raises:
        DataError: If an input as a whole cannot be read or does not fit; all inputs are looked at before the first
            row comes.
    """
    files, splits = inputs_to_read(inputs, split)
    for file in files:
        if file in splits:
            rows = iter_parquet(file, image_column=image_column, label_column=label_column, split=splits[file])
            for sample in rows:
                yield sample if sample.label else DataError(f"{sample.path} in {file} has no label.")
        elif file.is_dir():
            yield from iter_folder(file, pattern)
        elif file.suffix.lower() in TABLE_SUFFIXES:
            yield from iter_csv(file, file_column=image_column, label_column=label_column)
        else:
            yield from iter_files([file], pattern)


def inputs_to_read(inputs: Sequence[str | Path], split: str | None) -> tuple[list[Path], dict[Path, str | None]]:
    """Return the files and folders that the inputs stand for, and which split to read of each Parquet file among them.

    The Parquet parts of a folder that holds nothing else to read stand in its place.

    Raises:
        DataError: If one is missing or nothing that can be read, or ``split`` does not fit a file.
    """
    files = [file for path in inputs for file in _expanded(Path(path))]
    parquet = [file for file in files if file.suffix.lower() in PARQUET_SUFFIXES]
    return files, dict(zip(parquet, splits_to_read(parquet, split), strict=True))


def _expanded(path: Path) -> list[Path]:
    """Return the input itself, or the Parquet parts of a folder that holds nothing else to read."""
    if url := url_of(path):
        if path.suffix.lower() not in PARQUET_SUFFIXES:
            raise DataError(f"{url} is no Parquet file by its name; by URL only those are read.")
        return [path]
    if not os.path.exists(path):
        raise DataError(f"{path} does not exist; check the path.")
    if os.path.isdir(path):
        entries = visible_entries(path)
        parts = [entry for entry in entries if entry.suffix.lower() in PARQUET_SUFFIXES]
        has_pictures = any(e.suffix.lower() in PICTURE_SUFFIXES or e.name == LABELS_FILE for e in entries)
        return parts if parts and not has_pictures else [path]
    if path.suffix.lower() in {*PARQUET_SUFFIXES, *TABLE_SUFFIXES, *PICTURE_SUFFIXES}:
        return [path]
    raise DataError(
        f"{path} is no kind of data that can be read; give Parquet, a folder of pictures, CSV, TSV or pictures."
    )
