"""Files elsewhere, named by URL, such as s3://bucket/train.parquet: whatever fsspec and its companions can open.

Only what a user names on a command line comes here; nothing of the page does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from captcha_core.errors import DataError

# One letter and a colon would be a drive of Windows. A Path makes one slash of two.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/+(?=.)")


def url_of(path: str | Path) -> str | None:
    """Return a path that stands for a URL as that URL; None for a file of this machine."""
    text = str(path)
    match = _SCHEME.match(text)
    if match is None:
        return None
    return f"{match[1]}://{'/' if match[1] == 'file' else ''}{text[match.end() :]}"


def named(path: str | Path) -> str:
    """Return what messages and rows call a file: its path as it was given, or its URL."""
    return url_of(path) or str(path)


def absolute(path: str | Path) -> str:
    """Return where a file is, whatever folder one works in: its absolute path, or its URL."""
    return url_of(path) or str(Path(path).absolute())


@contextmanager
def opened_url(url: str) -> Iterator[IO[bytes]]:
    """Open a file elsewhere, to be read in any order.

    Raises:
        DataError: If what opens such URLs is not installed.
        OSError: If the file cannot be read.
    """
    system, place = _found(url)
    with system.open(place, "rb") as file:
        yield file


def url_version(url: str) -> tuple[int, int]:
    """Return the size of a file elsewhere and a number that changes with it, as far as its server tells.

    Raises:
        DataError: If what opens such URLs is not installed.
        OSError: If the file cannot be looked at.
    """
    system, place = _found(url)
    key = hashlib.blake2b(str(system.ukey(place)).encode(), digest_size=7)
    return int(system.info(place)["size"] or 0), int(key.hexdigest(), 16)


def _found(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        found: tuple[Any, str] = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise DataError(
            f"{url} cannot be opened ({error}); install fsspec and the package for such addresses, such as s3fs."
        ) from error
    return found
