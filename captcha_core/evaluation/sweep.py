"""How a style's distortions, each in turn from none to extreme, keep models from reading it."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint_meta import CheckpointMeta
from captcha_core.evaluation.marking import thumbnail
from captcha_core.evaluation.measure import alphabet_note
from captcha_core.evaluation.metrics import align
from captcha_core.evaluation.sweep_distortions import Distortion, Swept
from captcha_core.evaluation.sweep_intervals import Bools, Estimate, character_share, paired_fall, share_of
from captcha_core.evaluation.sweep_similarity import structural_similarity
from captcha_core.generator.base import Captcha
from captcha_core.prediction import Prediction

BLOCK = 8
"""Pictures that go through all strengths together; a sweep that runs out of time ends with a whole block."""

_TOO_SMALL = 11


class Reader(Protocol):
    """What the sweep needs of a recogniser."""

    @property
    def meta(self) -> CheckpointMeta:
        """What the model says about itself."""

    def read_batch(self, images: Sequence[Image.Image]) -> list[Prediction]:
        """Read RGB pictures."""


class Reading(NamedTuple):
    """What a model read in the pictures of one strength, picture by picture.

    Attributes:
        right: Whether the whole text was right, case included.
        folded: Whether it was right with case ignored.
        hits: Characters that were right.
        lengths: Characters of the label.
    """

    right: list[bool]
    folded: list[bool]
    hits: list[int]
    lengths: list[int]


@dataclass(frozen=True)
class Point:
    """One strength of one distortion, read by one model.

    Attributes:
        strength: How strong.
        exact: Share of the pictures whose whole text was right, case included (Wilson's interval).
        characters: Share of the characters that were right (interval over pictures).
        fall: How much ``exact`` lies below that of strength 0 (Newcombe's paired interval).
        ssim: Mean SSIM to the same pictures at strength 0; None where characters move, or pictures are too small.
        right: Picture by picture, whether the text was right.
    """

    strength: float
    exact: Estimate
    characters: Estimate
    fall: Estimate
    ssim: float | None
    right: Bools


@dataclass(frozen=True)
class Curve:
    """One model over the strengths of one distortion, none first.

    Attributes:
        model: The model's name.
        distortion: What was swept.
        points: Its strengths.
    """

    model: str
    distortion: Distortion
    points: tuple[Point, ...]

    @property
    def worst(self) -> Point:
        """The strength with the largest fall, the weakest of those that are alike; the extreme where nothing fell."""
        worst = max(self.points[1:], key=lambda point: (point.fall.value, -point.strength))
        return worst if worst.fall.value > 0 else self.points[-1]


@dataclass(frozen=True)
class Sweep:
    """What a sweep found.

    Attributes:
        title: What was swept.
        seed: Where its pictures come from.
        pictures: Pictures per strength.
        planned: Pictures per strength that were asked for.
        models: Names of the models.
        as_it_is: Exact match of the pictures without any change, case included, per model.
        folded: The same with case ignored.
        curves: A curve per model and distortion.
        samples: Per distortion, the first picture at every strength, small.
        seconds: How long it took.
        notes: What one must know to understand the figures.
    """

    title: str
    seed: int
    pictures: int
    planned: int
    models: tuple[str, ...]
    as_it_is: Mapping[str, Estimate]
    folded: Mapping[str, Estimate]
    curves: tuple[Curve, ...]
    samples: Mapping[str, tuple[Image.Image, ...]]
    seconds: float
    notes: tuple[str, ...] = ()

    def of_model(self, model: str) -> list[Curve]:
        """Return a model's curves, the largest fall first; of equal ones, that which needs the weaker strength."""
        curves = [curve for curve in self.curves if curve.model == model]
        return sorted(curves, key=lambda c: (-c.worst.fall.value, c.points.index(c.worst)))


@dataclass
class SweepRun:
    """A sweep that can be watched, and given up between two strengths.

    Iterate over it to the end, in ``total`` steps, or leave off; then ask for the :meth:`result`.

    Attributes:
        swept: What is swept.
        readers: The models by name, at least one.
        steps: Strengths beside none, per distortion.
        seconds: When this is over, no further block of pictures is begun; the first one always is read.
    """

    swept: Swept
    readers: Mapping[str, Reader]
    steps: int = 4
    seconds: float = float("inf")
    _readings: dict[tuple[Hashable, str], Reading] = field(default_factory=dict)
    # A list for every block.
    _ssim: dict[Hashable, list[list[float]]] = field(default_factory=dict)
    _samples: dict[str, tuple[Image.Image, ...]] = field(default_factory=dict)
    # Those of whole blocks, so how far the readings count.
    _labels: list[str] = field(default_factory=list)
    _blocks: int = 0
    _took: float = 0.0

    @property
    def total(self) -> int:
        """How often the iteration yields, if the time is enough."""
        conditions = sum(len(d.strengths(self.steps)) for d in self.swept.distortions) + 1
        return conditions * -(-self.swept.count // BLOCK)

    @property
    def measured(self) -> int:
        """Pictures that have been read at every strength."""
        return len(self._labels)

    def __iter__(self) -> Iterator[None]:
        """Read block after block; yield after every strength."""
        started = time.monotonic()
        for start in range(0, self.swept.count, BLOCK):
            began = time.monotonic()
            yield from self._block(range(start, min(start + BLOCK, self.swept.count)))
            now = time.monotonic()
            self._took = now - started
            # A block takes about as long as the last one.
            if self._took + (now - began) > self.seconds:
                return

    def result(self) -> Sweep:
        """Return what was found in the pictures that have been read at every strength.

        Raises:
            ValueError: If there is none.
        """
        if not self.measured:
            raise ValueError("the sweep has read nothing yet")
        start = self.swept.key(None, 0.0)
        return Sweep(
            title=self.swept.title,
            seed=self.swept.seed,
            pictures=self.measured,
            planned=self.swept.count,
            models=tuple(self.readers),
            as_it_is={model: share_of(_bools(self._whole(start, model).right)) for model in self.readers},
            folded={model: share_of(_bools(self._whole(start, model).folded)) for model in self.readers},
            curves=tuple(self._curve(model, d) for model in self.readers for d in self.swept.distortions),
            samples=self._samples,
            seconds=self._took,
            notes=tuple(self._notes()),
        )

    def _block(self, numbers: range) -> Iterator[None]:
        """Read some pictures at every strength of every distortion, each set of equal pictures once."""
        read: set[Hashable] = set()
        plain = self.swept.draw(None, 0.0, numbers)
        self._read(self.swept.key(None, 0.0), plain, read)
        yield
        for distortion in self.swept.distortions:
            clean: list[Captcha] = []
            shown = []
            for strength in distortion.strengths(self.steps):
                drawn = self.swept.draw(distortion, strength, numbers)
                clean = clean or drawn
                self._read(self.swept.key(distortion, strength), drawn, read)
                if distortion.in_place:
                    self._compare((distortion.name, strength), clean, drawn)
                shown.append(thumbnail(drawn[0].image))
                yield
            self._samples.setdefault(distortion.name, tuple(shown))
        self._labels += [captcha.text for captcha in plain]
        self._blocks += 1

    def _whole(self, key: Hashable, model: str) -> Reading:
        """Return the readings of the whole blocks."""
        right, folded, hits, lengths = self._readings[key, model]
        end = self.measured
        return Reading(right[:end], folded[:end], hits[:end], lengths[:end])

    def _read(self, key: Hashable, drawn: list[Captcha], read: set[Hashable]) -> None:
        if key in read:
            return
        read.add(key)
        images, labels = [captcha.image for captcha in drawn], [captcha.text for captcha in drawn]
        for model, reader in self.readers.items():
            texts = [prediction.text for prediction in reader.read_batch(images)]
            kept = self._readings.setdefault((key, model), Reading([], [], [], []))
            pairs = list(zip(texts, labels, strict=True))
            kept.right.extend(text == label for text, label in pairs)
            kept.folded.extend(text.casefold() == label.casefold() for text, label in pairs)
            kept.hits.extend(count_hits(labels, texts))
            kept.lengths.extend(map(len, labels))

    def _compare(self, key: Hashable, clean: list[Captcha], drawn: list[Captcha]) -> None:
        pairs = [(c.image, d.image) for c, d in zip(clean, drawn, strict=True) if min(c.image.size) >= _TOO_SMALL]
        self._ssim.setdefault(key, []).append([structural_similarity(*pair) for pair in pairs])

    def _curve(self, model: str, distortion: Distortion) -> Curve:
        strengths = distortion.strengths(self.steps)
        readings = [self._whole(self.swept.key(distortion, strength), model) for strength in strengths]
        before = _bools(readings[0].right)
        points = [
            Point(
                strength=strength,
                exact=share_of(_bools(reading.right)),
                characters=character_share(np.array(reading.hits), np.array(reading.lengths)),
                fall=paired_fall(before, _bools(reading.right)),
                ssim=_mean(self._ssim.get((distortion.name, strength), [])[: self._blocks]),
                right=_bools(reading.right),
            )
            for strength, reading in zip(strengths, readings, strict=True)
        ]
        return Curve(model, distortion, tuple(points))

    def _notes(self) -> Iterator[str]:
        if self.measured < self.swept.count:
            yield (
                f"It ended after {self.measured} of {self.swept.count} pictures; "
                "the intervals are as wide as that makes them."
            )
        yield from self.swept.notes
        for model, reader in self.readers.items():
            if note := alphabet_note(self._labels, Alphabet(reader.meta.alphabet)):
                yield f"{model}: {note}"


def count_hits(labels: Sequence[str], texts: Sequence[str]) -> list[int]:
    """Return, text by text, how many of the label's characters the alignment finds in it."""
    aligned = align(labels, texts)
    return [
        sum(chunk.ref_end_idx - chunk.ref_start_idx for chunk in chunks if chunk.type == "equal")
        for chunks in aligned.alignments
    ]


def _bools(values: list[bool]) -> Bools:
    return np.array(values, np.bool_)


def _mean(blocks: list[list[float]]) -> float | None:
    values = [value for block in blocks for value in block]
    return sum(values) / len(values) if values else None
