"""The one value that crosses from the core to page, API and files."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a recogniser read in one picture.

    Attributes:
        text: The text.
        confidence: Calibrated probability, in 0..1, that the whole text is right.
        char_confidences: One probability per character of ``text``, in 0..1.
        alternatives: Per position, other characters with their probability, most likely first.
        latency_ms: Time the reading took, in milliseconds; in a batch, its share of the batch.
        model_id: Name and fingerprint of the checkpoint that read it.

    Raises:
        ValueError: If a confidence is outside 0..1, or the per-character lists do not line up with the text.
    """

    text: str
    confidence: float
    char_confidences: tuple[float, ...]
    alternatives: tuple[tuple[tuple[str, float], ...], ...] = ()
    latency_ms: float = 0.0
    model_id: str = ""

    def __post_init__(self) -> None:
        """Hold the 1:1 promise that every consumer relies on."""
        if len(self.char_confidences) != len(self.text):
            raise ValueError(
                f"{len(self.char_confidences)} confidences for the {len(self.text)} characters of {self.text!r}"
            )
        if self.alternatives and len(self.alternatives) != len(self.text):
            raise ValueError(
                f"{len(self.alternatives)} lists of alternatives for {len(self.text)} characters of {self.text!r}"
            )
        for value in (self.confidence, *self.char_confidences):
            if not (math.isfinite(value) and 0.0 <= value <= 1.0):
                raise ValueError(f"confidence {value} of {self.text!r} is outside 0..1")

    def as_dict(self) -> dict[str, Any]:
        """Return the prediction as plain types, ready for JSON."""
        return asdict(self)

    def doubtful(self, threshold: float) -> list[int]:
        """Return the positions, from 0, whose character confidence is below the threshold."""
        return [i for i, value in enumerate(self.char_confidences) if value < threshold]


def percent(confidence: float, decimals: int = 0) -> str:
    """Write a confidence in 0..1 as a percentage, rounded down so that only certainty shows as 100%."""
    scale = 10**decimals
    # The tiny summand keeps 0.29, which is 28.999... as a float, at 29%.
    return f"{math.floor(confidence * 100 * scale + 1e-9) / scale:.{decimals}f}%"
