"""What a visitor is told when a model fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from captcha_core.errors import CheckpointError

logger = logging.getLogger(__name__)


@contextmanager
def reason_in_log() -> Iterator[None]:
    """Read with a model inside this: if it fails, the reason, which names a file, goes to the log.

    Raises:
        CheckpointError: In place of the model's own, with a sentence for visitors.
    """
    try:
        yield
    except CheckpointError as error:
        logger.error("%s", error)
        raise CheckpointError("The model cannot read at the moment; the server's log says why.") from error
