"""The stages of the preprocessing as PNG files, to see what a model is given."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path

if TYPE_CHECKING:
    from PIL import Image

# Longest name of a picture's folder, in characters; file systems take 255 bytes.
_LONGEST = 60


def check_stage_folder(folder: Path, inputs: Iterable[Path]) -> None:
    """Refuse a folder in which something could be overwritten, or which the next run would take for pictures.

    Args:
        folder: Where stages shall be written.
        inputs: The files and folders that are read.

    Raises:
        CaptchaLabError: If it is not new or empty, or lies inside an input.
    """
    try:
        free = not any(folder.iterdir()) if os.path.lexists(folder) else True
    except OSError:
        free = False  # It is a file, or closed to us.
    if not free:
        raise CaptchaLabError(f"{folder} is there already and not an empty folder; name a new one for the stages.")
    for path in inputs:
        if folder.resolve().is_relative_to(path.resolve()):
            raise CaptchaLabError(f"{folder} lies inside {path}, which is read; name a folder elsewhere.")


class StageFiles:
    """Writes ``folder/<picture's name>/<number>_<stage>.png`` for picture after picture."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder, which :func:`check_stage_folder` has let through."""
        self._folder = folder
        self._taken: set[str] = set()

    def write(self, name: str, stages: Iterable[tuple[str, Image.Image]]) -> None:
        """Write every stage of one picture, numbered from 1.

        Args:
            name: The picture's path, or its file and row.
            stages: As :meth:`captcha_core.transforms.Preprocess.stages` gives them.

        Raises:
            CaptchaLabError: If a file cannot be written.
        """
        own = self._folder / self._unique(name)
        try:
            own.mkdir(parents=True)
        except OSError as error:
            raise CaptchaLabError(f"Cannot make {own}: {error.strerror or error}. Choose another folder.") from error
        for number, (stage, image) in enumerate(stages, start=1):
            with atomic_path(own / f"{number}_{stage}.png") as temporary:
                image.save(temporary, "PNG")

    def _unique(self, name: str) -> str:
        """Return a folder's name for a picture; no two are equal where case or the form of accents does not count."""
        safe = safe_name(name)
        unique, number = safe, 1
        while unique.casefold() in self._taken:
            number += 1
            unique = f"{safe}_{number}"
        self._taken.add(unique.casefold())
        return unique


def safe_name(path: str) -> str:
    """Return the last part of a path as a folder's name: letters, digits, ``.``, ``-``, ``_``, none hidden."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", path)[-1])
    # Hidden files start with a dot; Windows drops dots at the end.
    return re.sub(r"[^\w.-]", "_", last)[:_LONGEST].strip(".") or "picture"
