"""Which pictures of an evaluation are shown, and the pictures themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from PIL import Image

from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.evaluation.marking import NOT_OPENED, RIGHT, WRONG, outcome_of, thumbnail
from captcha_core.evaluation.measure import Evaluation
from captcha_core.imaging import load_image
from captcha_core.prediction import Prediction


class Shown(NamedTuple):
    """One picture with the attempt.

    Attributes:
        file: The picture's name.
        label: Its true text.
        read: What was read, or why the picture could not be opened.
        picture: The picture, in RGB and small; None when it could not be opened.
    """

    file: str
    label: str
    read: Prediction | CaptchaLabError
    picture: Image.Image | None


class Section(NamedTuple):
    """The pictures of one outcome.

    Attributes:
        outcome: ``WRONG``, ``NOT_OPENED`` or ``RIGHT``.
        total: How many pictures of the data had it.
        shown: Those that are shown: wrong ones the surest first, others in the order of the data.
    """

    outcome: str
    total: int
    shown: list[Shown]

    @property
    def heading(self) -> str:
        """What the section holds, in words."""
        if len(self.shown) == self.total:
            return f"{self.outcome.capitalize()}: {self.total:,}"
        which = "surest" if self.outcome == WRONG else "first"
        return f"{self.outcome.capitalize()}: {self.total:,}, of which the {which} {len(self.shown):,} are shown"


def choose_sections(evaluation: Evaluation, samples: Iterable[Sample], limit: int) -> list[Section]:
    """Choose what is shown and fetch the pictures; only these are ever in memory.

    Of more pictures than ``limit``, mistakes get three fifths of the places and pictures that could not be opened a
    tenth; what one kind does not need goes to the others.

    Args:
        evaluation: What was read.
        samples: The same pictures once more, in the same order.
        limit: Most pictures.

    Returns:
        A section for each outcome that occurred; wrong ones first, right ones last.

    Raises:
        DataError: If the samples are not those that were evaluated.
    """
    rows: dict[str, list[int]] = {WRONG: [], NOT_OPENED: [], RIGHT: []}
    for row, (label, read) in enumerate(zip(evaluation.labels, evaluation.predictions, strict=True)):
        rows[outcome_of(label, read)].append(row)
    rows[WRONG].sort(key=lambda row: -_confidence(evaluation.predictions[row]))
    places = share_places([len(of_one) for of_one in rows.values()], limit)
    chosen = {outcome: found[:count] for (outcome, found), count in zip(rows.items(), places, strict=True)}
    shown = _fetch(evaluation, samples, {row for found in chosen.values() for row in found})
    return [
        Section(outcome, len(rows[outcome]), [shown[row] for row in found])
        for outcome, found in chosen.items()
        if found
    ]


def share_places(counts: list[int], limit: int) -> list[int]:
    """Return how many wrong, not opened and right pictures are shown, of so many that there are.

    Args:
        counts: Wrong, not opened and right pictures.
        limit: Most pictures in all; at least 10.
    """
    quotas = [limit * 3 // 5, limit // 10, limit]
    taken: list[int] = []
    for count, quota in zip(counts, quotas, strict=True):
        taken.append(min(count, quota, limit - sum(taken)))
    for kind, count in enumerate(counts):
        taken[kind] += min(count - taken[kind], limit - sum(taken))
    return taken


def _confidence(read: Prediction | CaptchaLabError) -> float:
    return read.confidence if isinstance(read, Prediction) else 0.0


def _fetch(evaluation: Evaluation, samples: Iterable[Sample], wanted: set[int]) -> Mapping[int, Shown]:
    """Return the wanted rows with their pictures, reading no further than the last of them."""
    found: dict[int, Shown] = {}
    for row, sample in enumerate(samples):
        if row in wanted:
            if (sample.path, sample.label) != (evaluation.files[row], evaluation.labels[row]):
                break
            read = evaluation.predictions[row]
            found[row] = Shown(sample.path, sample.label, read, _picture(sample, read))
            if len(found) == len(wanted):
                return found
    raise DataError("The data changed while it was evaluated, so its pictures cannot be shown; evaluate it again.")


def _picture(sample: Sample, read: Prediction | CaptchaLabError) -> Image.Image | None:
    if not isinstance(read, Prediction):
        return None
    try:
        return thumbnail(load_image(sample.image, sample.path))
    except ImageError as error:
        raise DataError(f"The data changed while it was evaluated: {error}") from error
