"""Files elsewhere, named by URL, such as s3://bucket/train.parquet: whatever fsspec and its companions can open.

Only what a user names on a command line comes here; nothing of the page does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from captcha_core.errors import CaptchaLabError

if TYPE_CHECKING:
    from pathlib import Path

# One letter and a colon would be a drive of Windows. A Path makes one slash of two.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/+(?=.)")


def url_of(path: str | Path) -> str | None:
    """Return a path that stands for a URL as that URL; None for a file of this machine."""
    text = str(path)
    match = _SCHEME.match(text)
    if match is None:
        return None
    return f"{match[1]}://{'/' if match[1] == 'file' else ''}{text[match.end() :]}"


@contextmanager
def opened_url(url: str) -> Iterator[IO[bytes]]:
    """Open a file elsewhere, to be read in any order.

    Raises:
        CaptchaLabError: If what opens such URLs is not installed.
        OSError: If the file cannot be read.
    """
    system, place = _found(url)
    with system.open(place, "rb") as file:
        yield file


def url_version(url: str) -> tuple[int, int]:
    """Return the size of a file elsewhere and a number that changes with it, as far as its server tells.

    Raises:
        CaptchaLabError: If what opens such URLs is not installed.
        OSError: If the file cannot be looked at.
    """
    system, place = _found(url)
    return int(system.info(place)["size"] or 0), int(str(system.ukey(place))[:15], 16)


def _found(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        found: tuple[Any, str] = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise CaptchaLabError(
            f"{url} cannot be opened ({error}); install fsspec and the package for such addresses, such as s3fs."
        ) from error
    return found
