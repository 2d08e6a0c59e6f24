"""The folder of a page's uploads and downloads: nobody else's, bounded, and gone when the page is."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from captcha_core.errors import CaptchaLabError

FOLDER_VARIABLE = "GRADIO_TEMP_DIR"
"""Where Gradio looks for it, whenever it makes a component; the owner may name another folder to make it in."""

AGE_S = 7200.0
"""Age at which a file is deleted, in seconds. Gradio deletes most by itself before."""
_ORPHAN_S = 300.0
# What somebody has just sent or is about to save stays, however full the folder is.
_FRESH_S = 60.0


# The folders that this process has made, and so may delete from.
_OWN: set[Path] = set()


@contextmanager
def own_folder() -> Iterator[None]:
    """Give the page a new folder that only this user may look into, and delete it in the end.

    It lies in the one that the owner names in ``GRADIO_TEMP_DIR``, else in the system's; what else is there is left.

    Raises:
        CaptchaLabError: If it cannot be made.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    folder = _new_folder(named)
    os.environ[FOLDER_VARIABLE] = str(folder)
    _OWN.add(folder)
    try:
        yield
    finally:
        if named is None:
            del os.environ[FOLDER_VARIABLE]
        else:
            os.environ[FOLDER_VARIABLE] = named
        _OWN.discard(folder)
        shutil.rmtree(folder, ignore_errors=True)


def page_folder() -> Path:
    """Return the folder that :func:`own_folder` has made.

    Raises:
        RuntimeError: Outside of it: files that are not the page's would be deleted.
    """
    folder = Path(os.environ.get(FOLDER_VARIABLE, ""))
    if folder not in _OWN:
        raise RuntimeError("build and serve the page within own_folder()")
    return folder


def _new_folder(named: str | None) -> Path:
    try:
        if named:
            Path(named).mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="captcha-lab-", dir=named or None)).absolute()
    except OSError as error:
        place = named or tempfile.gettempdir()
        raise CaptchaLabError(
            f"Uploads cannot be kept in {place} ({error.strerror}); name another folder in {FOLDER_VARIABLE}."
        ) from error


class _File(NamedTuple):
    changed: float
    size: int
    path: str


class UploadFolder:
    """Keeps a folder below a size. Threads may share one."""

    def __init__(self, folder: Path, most: int, kept: Collection[str] = ()) -> None:
        """Watch a folder.

        Args:
            folder: The folder, which need not exist.
            most: Bytes that its files may have together.
            kept: Paths of files that are never deleted, such as the page's examples.
        """
        self._folder = folder
        self._most = most
        self._kept = frozenset(kept)

    def room(self) -> int:
        """Delete what must go, and return how many bytes may still come."""
        now, used = time.time(), 0
        # The newest first: what no longer fits beside them is deleted.
        for file in sorted(self._files(), reverse=True):
            used += file.size
            age = now - file.changed
            if self._is_old(file, age) or (used > self._most and age > _FRESH_S):
                used -= file.size
                Path(file.path).unlink(missing_ok=True)
        self._remove_empty(now)
        return max(0, self._most - used)

    def _is_old(self, file: _File, age: float) -> bool:
        """Return whether a file has had its time; an upload that broke off lies in the folder itself."""
        return age > (_ORPHAN_S if Path(file.path).parent == self._folder else AGE_S)

    def _files(self) -> Iterator[_File]:
        for place, _, names in os.walk(self._folder):
            for name in names:
                path = os.path.join(place, name)
                try:
                    about = os.lstat(path)
                except FileNotFoundError:  # Gradio deletes too.
                    continue
                if path not in self._kept:
                    yield _File(about.st_mtime, about.st_size, path)

    def _remove_empty(self, now: float) -> None:
        """Remove folders without files, of which Gradio makes one for every upload."""
        for place, _, _ in os.walk(self._folder, topdown=False):
            try:
                # A new one is about to get its file.
                if Path(place) != self._folder and now - os.lstat(place).st_mtime > _FRESH_S:
                    os.rmdir(place)
            except OSError:  # It is not empty, or gone.
                continue
