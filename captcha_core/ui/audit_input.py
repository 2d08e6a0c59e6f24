"""What the audit takes in: one Parquet file of labelled pictures."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pyarrow as pa
import pyarrow.parquet as pq
from gradio.data_classes import FileData, ListFiles
from gradio.utils import is_in_or_equal

from captcha_core.data.load import load_data
from captcha_core.data.schema import ALL_SPLITS
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.evaluation.sweep_overlays import GivenPictures, choose_pictures
from captcha_core.ui.picture import WithoutStub

MAX_BYTES = 16 << 20
"""Largest file, and most that its columns may hold when unpacked, in bytes."""
MOST_ROWS = 20_000


class SetInput(gr.File, metaclass=WithoutStub):
    """A ``gr.File`` for one file whose events receive its path, or the error that says why not.

    Gradio would let an API caller name an address to fetch, or a file of the server.
    """

    # Gradio then uses the frontend of gr.File for this class.
    is_template = True

    def preprocess(self, payload: ListFiles | FileData | None) -> Path | CaptchaLabError | None:  # type: ignore[override]
        """Return where the upload lies, under the name that it came with."""
        file = payload.root[0] if isinstance(payload, ListFiles) else payload
        if file is None:
            return None
        if not is_in_or_equal(file.path, self.GRADIO_CACHE):
            return DataError("The file was not uploaded; upload it first.")
        return Path(file.path)

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        """Take an upload into the component's cache, but refuse an address, which Gradio would download."""
        if str(url_or_file_path).startswith(("http://", "https://")):
            raise gr.Error("This page fetches nothing from the web; upload the file.", print_exception=False)
        return await super().async_move_resource_to_block_cache(url_or_file_path)


def uploaded_pictures(file: Path | CaptchaLabError | None, count: int, seed: int) -> GivenPictures:
    """Choose pictures out of an uploaded Parquet file, of all its splits.

    Raises:
        DataError: If there is no file, or it is not a Parquet file of labelled pictures, too large, or holds none that
            can be opened. The text names no path of the server.
    """
    if file is None:
        raise DataError("Upload a Parquet file with the columns image and label; make_dataset.py writes one.")
    if isinstance(file, CaptchaLabError):
        raise file
    try:
        _check_size(file)
        return choose_pictures(load_data([file], split=ALL_SPLITS), count, seed, file.name)
    except CaptchaLabError as error:
        raise DataError(str(error).replace(str(file), file.name)) from error


def _check_size(file: Path) -> None:
    """Refuse what would take much memory when it is unpacked, by what the file says of itself.

    Raises:
        DataError: If the file is too large or no Parquet file.
    """
    too_large = f"{file.name} is too large for this page: at most {MOST_ROWS:,} rows and {MAX_BYTES >> 20} MB"
    remedy = "use fewer rows, or python evaluate.py --sweep."
    if file.stat().st_size > MAX_BYTES:
        raise DataError(f"{too_large}; {remedy}")
    try:
        about = pq.read_metadata(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{file.name} is not a whole Parquet file; make or copy it again.") from error
    if about.num_rows > MOST_ROWS or sum(_unpacked(about, i) for i in range(about.num_row_groups)) > MAX_BYTES:
        raise DataError(f"{too_large} unpacked; {remedy}")


def _unpacked(about: pq.FileMetaData, group: int) -> int:
    return int(about.row_group(group).total_byte_size)
