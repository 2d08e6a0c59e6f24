"""Several models on the same pictures: what each reads, and what most of them say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from captcha_core.batch import Reading
from captcha_core.prediction import Prediction


@dataclass(frozen=True)
class Attempt:
    """What one model read.

    Attributes:
        model: Its name.
        readings: One per picture, in the same order for every model.
    """

    model: str
    readings: Sequence[Reading]

    @property
    def mean_latency_ms(self) -> float:
        """Mean time of a reading, in milliseconds; 0 where no picture could be opened."""
        times = [r.outcome.latency_ms for r in self.readings if isinstance(r.outcome, Prediction)]
        return sum(times) / len(times) if times else 0.0


class Verdict(NamedTuple):
    """What models say together of one picture.

    Attributes:
        text: What most of them read, as the surest of these writes it; None where no text has most voices, or the
            picture could not be opened.
        votes: How many read that; of a tie, how many read each of the most frequent texts.
        of: How many models read the picture.
    """

    text: str | None
    votes: int
    of: int

    @property
    def unanimous(self) -> bool:
        """Whether all say the same."""
        return self.votes == self.of > 0


def verdict_of(outcomes: Sequence[object]) -> Verdict:
    """Return what the most of the readings of one picture say; case does not count, since not every model has it.

    Args:
        outcomes: A prediction per model, or an error where it read none.
    """
    read = [outcome for outcome in outcomes if isinstance(outcome, Prediction)]
    ranked = Counter(prediction.text.casefold() for prediction in read).most_common(2)
    if not ranked:
        return Verdict(None, 0, 0)
    folded, votes = ranked[0]
    if len(ranked) == 2 and ranked[1][1] == votes:
        return Verdict(None, votes, len(read))
    surest = max((p for p in read if p.text.casefold() == folded), key=lambda p: p.confidence)
    return Verdict(surest.text, votes, len(read))


def agrees(outcome: object, verdict: Verdict) -> bool:
    """Return whether a reading is what most say, case ignored."""
    if verdict.text is None or not isinstance(outcome, Prediction):
        return False
    return outcome.text.casefold() == verdict.text.casefold()


def verdicts(attempts: Sequence[Attempt]) -> list[Verdict]:
    """Return what the models say together of every picture."""
    rows = zip(*(attempt.readings for attempt in attempts), strict=True)
    return [verdict_of([reading.outcome for reading in row]) for row in rows]
