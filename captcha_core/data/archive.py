"""A folder as one zip file: the same bytes for the same files."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from captcha_core.files import atomic_path

# The earliest that the format knows; the time of writing would make the bytes differ.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644


def zip_folder(folder: str | Path, output: str | Path) -> None:
    """Write the files of a folder, which are in it under the folder's name, by name in order.

    They are stored as they are, since pictures are compressed already.

    Args:
        folder: The folder; what lies deeper in it is left out.
        output: The zip file, written atomically.

    Raises:
        CaptchaLabError: If it cannot be written.
    """
    folder = Path(folder)
    with atomic_path(output) as temporary, ZipFile(temporary, "w", ZIP_STORED) as archive:
        for file in sorted(path for path in folder.iterdir() if path.is_file()):
            entry = ZipInfo(f"{folder.name}/{file.name}", _TIME)
            entry.external_attr = _MODE << 16
            entry.create_system = 3
            archive.writestr(entry, file.read_bytes())
