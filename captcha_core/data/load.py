"""One stream of labelled pictures out of any mix of Parquet files, folders, CSV or TSV files, and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from captcha_core.data.jobs import labelled_jobs
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError


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
    jobs = labelled_jobs(inputs, image_column=image_column, label_column=label_column, split=split, pattern=pattern)
    for job in jobs:
        yield from job.rows()
