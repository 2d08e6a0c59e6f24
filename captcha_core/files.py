"""Writing so that nothing a user has is ever left half-way."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from captcha_core.errors import CaptchaLabError
from captcha_core.urls import url_of, url_version

PARQUET_SUFFIXES = (".parquet", ".pq")
"""Endings of file names, in lower case, that stand for Parquet."""

_ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")


def archive_problem(path: Path, shown: str) -> str | None:
    """Return what to say of a file that a command cannot read since it is an archive, by its name; None of others."""
    if path.suffix.lower() not in _ARCHIVE_SUFFIXES:
        return None
    return f"{shown} is an archive; unpack it and give the folder."


@contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``target`` that takes its name only when the block succeeds.

    The temporary file lies in the same folder, so that ``os.replace`` is one atomic step. If the block
    raises, or the process dies, what was at ``target`` before is still there, whole.

    Args:
        target: The file to write. Its folder is made if it is missing.

    Yields:
        The path to write to.

    Raises:
        CaptchaLabError: If the folder cannot be made or written to, or the disk is full.
    """
    target = Path(target)
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{target.name}.{secrets.token_hex(6)}{target.suffix}"
        # Unlike mkstemp's files this one gets the permissions that the user's umask gives to any new file.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        _sync(temporary)
        temporary.replace(target)
    except OSError as error:
        if error.filename is not None and Path(os.fsdecode(error.filename)) not in {target, target.parent, temporary}:
            raise  # It is about something that was being read, not about this file.
        raise CaptchaLabError(
            f"Cannot write {target}: {error.strerror or error}. Choose another place or free some space."
        ) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def version_of(path: str | Path) -> tuple[int, int]:
    """Return a file's size and time of change in nanoseconds, or another number for a URL; zeros if there is none."""
    try:
        if url := url_of(path):
            return url_version(url)
        status = os.stat(path)
    except (OSError, ValueError):  # The latter for what can be no path.
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _sync(path: Path) -> None:
    """Bring the bytes to the disk, so that a power cut cannot leave an empty file under the final name."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
