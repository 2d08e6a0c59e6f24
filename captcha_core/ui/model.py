"""Which model the page reads with. Apart from the rest of the page, which thereby starts without importing torch."""

from __future__ import annotations

import logging
from pathlib import Path

from captcha_core.errors import CheckpointError
from captcha_core.recognizer import Recognizer, default_checkpoint

logger = logging.getLogger(__name__)


def open_recognizer(checkpoint: str | Path | None) -> Recognizer | None:
    """Load the named checkpoint, or the latest of the shipped ones.

    Args:
        checkpoint: Path of a checkpoint; None takes the latest in ``saved_models``.

    Returns:
        The recogniser; None if no checkpoint was named and none can be used, so that the page can say so.

    Raises:
        CheckpointError: If the named checkpoint cannot be used.
    """
    if checkpoint is not None:
        return Recognizer(checkpoint)
    try:
        return Recognizer(default_checkpoint())
    except CheckpointError as error:
        logger.warning("The page starts without a model. %s", error)
        return None
