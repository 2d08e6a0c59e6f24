"""How far a training is: read from the lines that ``train.py --adapt`` writes, and from the tables in its folder."""

from __future__ import annotations

import csv
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

# As tqdm writes it: "full:  33%|###3      | 960/2880 [00:30<01:00, 32.0picture/s]".
_BAR = re.compile(r"^(frozen|full):.*?\| *(\d+)/(\d+) \[")
_TRAINING = re.compile(r"^Round \d+, training (\d+) of (\d+)$")
_ERROR = "error: "


@dataclass(frozen=True)
class Point:
    """A check of a training: after so many pictures, the share of held-out texts read right, and the loss there."""

    pictures: int
    exact_match: float
    loss: float


@dataclass
class TrainingProgress:
    """Where an adaptation stands.

    Attributes:
        training: Which of the trainings is running, from 1; 0 before the first.
        trainings: How many there are; 0 while that is not known.
        error: The sentence with which the command refused, or an empty text.
    """

    training: int = 0
    trainings: int = 0
    error: str = ""
    _phase: str = ""
    _done: int = 0
    # Pictures that each phase takes, as far as they are known.
    _totals: dict[str, int] = field(default_factory=dict)
    # Share and time at which the speed is measured from.
    _start: tuple[float, float] | None = None

    def take(self, line: str) -> None:
        """Take in one line of the command's output."""
        if found := _TRAINING.match(line):
            self.training, self.trainings = int(found[1]), int(found[2])
            self._phase, self._done = "", 0
        elif found := _BAR.match(line):
            self._phase, self._done = found[1], int(found[2])
            self._totals[found[1]] = int(found[3])
            if self._start is None and self._phase == "full":
                self._start = (self.share, time.monotonic())
        elif line.startswith(_ERROR):
            self.error = line.removeprefix(_ERROR)

    @property
    def share(self) -> float:
        """The share of the pictures that have been learned from, in 0..1; 0 until it can be told."""
        if "full" not in self._totals or not self.trainings:
            return 0.0
        frozen, full = self._totals.get("frozen", 0), self._totals["full"]
        within = self._done + (frozen if self._phase == "full" else 0)
        return min(1.0, (self.training - 1 + within / (frozen + full)) / self.trainings)

    @property
    def seconds_left(self) -> float | None:
        """How long it will go on at the speed so far; None until that can be told."""
        if self._start is None:
            return None
        share, moment = self._start
        learned = self.share - share
        if learned <= 0:
            return None
        return (time.monotonic() - moment) / learned * (1 - self.share)


def curves(run: Path) -> dict[int, list[Point]]:
    """Return the checks of every training so far, by its number from 1.

    Args:
        run: The output folder of the adaptation. Its tables are replaced as a whole while it runs.
    """
    found = {}
    for table in sorted(run.glob("fold-*/metrics.csv")):
        try:
            with table.open(encoding="utf8", newline="") as handle:
                rows = [
                    Point(int(row["pictures"]), float(row["val_exact_match"]), float(row["val_loss"]))
                    for row in csv.DictReader(handle)
                ]
        except OSError:
            continue  # The folder has just been removed.
        found[int(table.parent.name.rpartition("-")[2])] = rows
    return found
