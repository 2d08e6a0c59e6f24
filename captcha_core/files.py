"""Writing so that nothing a user has is ever left half-way."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from captcha_core.errors import CaptchaLabError


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
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _sync(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise CaptchaLabError(
            f"Cannot write {target}: {error.strerror or error}. Choose another place or free some space."
        ) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def _sync(path: Path) -> None:
    """Bring the bytes to the disk, so that a power cut cannot leave an empty file under the final name."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _umask() -> int:
    """Return the process's umask, which mkstemp ignores."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
