"""What the audit takes in: one Parquet file of labelled pictures."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from captcha_core.data.load import load_data
from captcha_core.data.schema import ALL_SPLITS
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.evaluation.sweep_overlays import GivenPictures, choose_pictures
from captcha_core.ui.files import Files
from captcha_core.uploads import Upload

MAX_BYTES = 16 << 20
"""Largest file, and most that its columns may hold when unpacked, in bytes."""
MOST_ROWS = 20_000


def uploaded_pictures(files: Files, count: int, seed: int) -> GivenPictures:
    """Choose pictures out of an uploaded Parquet file, of all its splits.

    Args:
        files: What was sent; the first is taken.
        count: How many pictures to choose, at most.
        seed: Of the choice.

    Raises:
        DataError: If there is no file, or it is not a Parquet file of labelled pictures, too large, or holds none that
            can be opened. The text names no path of the server.
    """
    if files is None:
        raise DataError("Upload a Parquet file with the columns image and label; make_dataset.py writes one.")
    if isinstance(files, CaptchaLabError):
        raise files
    sent = files[0]
    try:
        _check_size(sent)
        return choose_pictures(load_data([sent.path], split=ALL_SPLITS), count, seed, sent.name)
    except CaptchaLabError as error:
        raise DataError(str(error).replace(str(sent.path), sent.name)) from error


def _check_size(file: Upload) -> None:
    """Refuse what would take much memory when it is unpacked, by what the file says of itself.

    Raises:
        DataError: If the file is too large or no Parquet file.
    """
    too_large = f"{file.name} is too large for this page: at most {MOST_ROWS:,} rows and {MAX_BYTES >> 20} MB"
    remedy = "use fewer rows, or python evaluate.py --sweep."
    if file.path.stat().st_size > MAX_BYTES:
        raise DataError(f"{too_large}; {remedy}")
    try:
        about = pq.read_metadata(file.path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{file.name} is not a whole Parquet file; make or copy it again.") from error
    if about.num_rows > MOST_ROWS or sum(_unpacked(about, i) for i in range(about.num_row_groups)) > MAX_BYTES:
        raise DataError(f"{too_large} unpacked; {remedy}")


def _unpacked(about: pq.FileMetaData, group: int) -> int:
    return int(about.row_group(group).total_byte_size)
