"""Which files the inputs of a command stand for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from captcha_core.data.folder import LABELS_FILE, visible_entries
from captcha_core.data.parquet import splits_to_read
from captcha_core.errors import DataError
from captcha_core.files import PARQUET_SUFFIXES, archive_problem
from captcha_core.imaging import PICTURE_SUFFIXES
from captcha_core.urls import url_of

TABLE_SUFFIXES = (".csv", ".tsv")


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
        archive_problem(path, str(path))
        or f"{path} is no kind of data that can be read; give Parquet, a folder of pictures, CSV, TSV or pictures."
    )
