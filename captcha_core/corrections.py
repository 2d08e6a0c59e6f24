"""What people say a picture reads, kept to learn from: one small Parquet file per picture.

``make_dataset.py FOLDER`` joins them, and ``train.py`` reads them as they are. A file is written whole or not at all
and is named by the picture's pixels, so threads and processes may keep corrections in one folder at the same time, and
one picture is kept once: what was said last holds.
"""

from __future__ import annotations

import io
import os
import threading
import unicodedata
from pathlib import Path

import pyarrow as pa
from PIL import Image

from captcha_core.data.parquet import table_writer
from captcha_core.data.schema import CORRECTION_SCHEMA
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path
from captcha_core.prediction import Prediction

MOST_CHARACTERS = 32
MOST_PIXELS = 1_000_000
"""Of one picture; far above any captcha's."""
MOST_FILES = 10_000
MOST_BYTES = 500_000_000
"""Of all files together."""

SOURCE = "correction"


class CorrectionError(CaptchaLabError):
    """A correction cannot be kept; the sentence is for the person who sent it and names no path."""


class CorrectionStore:
    """A folder of corrections. Threads and processes may share one.

    Args:
        folder: Where the files go; it is made if it is missing.

    Raises:
        CaptchaLabError: If nothing can be written there.
    """

    def __init__(self, folder: str | Path) -> None:
        """Make the folder, and see at once that it can be written to."""
        self.folder = Path(folder)
        self._lock = threading.Lock()
        with atomic_path(self.folder / "README.txt") as temporary:
            temporary.write_text("Corrections that visitors sent. Join them: python make_dataset.py FOLDER\n")

    def keep(self, picture: Image.Image, prediction: Prediction, correction: str) -> Path:
        """Keep a picture with what it reads.

        Args:
            picture: RGB, as :func:`captcha_core.imaging.load_image` makes it: it carries no metadata of the upload.
            prediction: What the model read in it.
            correction: What the person says.

        Returns:
            The file. It replaces the one that was kept for the same pixels.

        Raises:
            CorrectionError: If the text can be no label, the picture is too large, or the folder is full.
            CaptchaLabError: If the file cannot be written.
        """
        label = label_of(correction)
        if picture.width * picture.height > MOST_PIXELS:
            raise CorrectionError(f"Pictures of more than {MOST_PIXELS:,} pixels are not kept; cut it to the text.")
        name = pixel_digest(picture).hex()
        path = self.folder / f"{name}.parquet"
        row = {
            "image": {"bytes": _png(picture), "path": f"{name}.png"},
            "label": label,
            "source": SOURCE,
            "picture_hash": name,
            "prediction": prediction.text,
            "model_id": prediction.model_id,
        }
        # One at a time, so that the bounds hold among the threads; processes may each go over by one.
        with self._lock:
            self._check_room(path)
            with atomic_path(path) as temporary, table_writer(temporary, CORRECTION_SCHEMA, "image") as writer:
                writer.write_table(pa.Table.from_pylist([row], schema=CORRECTION_SCHEMA))
        return path

    def _check_room(self, path: Path) -> None:
        with os.scandir(self.folder) as entries:
            # What begins with a dot is being written, and may be gone before its size is asked for.
            whole = [e for e in entries if e.name.endswith(path.suffix) and not e.name.startswith(".")]
            sizes = {entry.name: entry.stat().st_size for entry in whole}
        full = len(sizes) >= MOST_FILES or sum(sizes.values()) >= MOST_BYTES
        if full and path.name not in sizes:
            raise CorrectionError("No more corrections are kept at the moment; tell the owner of this page.")


def label_of(correction: str) -> str:
    """Return a correction as a label: without spaces around it, and composed (é is one character).

    Raises:
        CorrectionError: If nothing is left, or it is too long or holds spaces or characters that cannot be seen.
    """
    label = unicodedata.normalize("NFC", correction.strip()) if len(correction) <= 4 * MOST_CHARACTERS else correction
    if not label:
        raise CorrectionError("Write what the picture says.")
    if len(label) > MOST_CHARACTERS:
        raise CorrectionError(f"A text has at most {MOST_CHARACTERS} characters; this one has {len(label)}.")
    if any(c.isspace() or not c.isprintable() for c in label):
        raise CorrectionError("Write the characters without spaces between them.")
    return label


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
