"""What visitors are told when a model fails: a sentence; the reason names a file of the server and goes to the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from captcha_core.errors import CheckpointError

logger = logging.getLogger(__name__)


@contextmanager
def guarded_model() -> Iterator[None]:
    """Run a model.

    Raises:
        CheckpointError: If it fails; the text names no path of the server.
    """
    try:
        yield
    except CheckpointError as error:
        logger.error("%s", error)
        raise CheckpointError("The model cannot read at the moment; the server's log says why.") from error
