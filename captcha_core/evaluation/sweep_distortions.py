"""Distortions and their strengths, and the two things that can be swept: the generator's settings, or given pictures.

The pictures of one number have the same text at every strength, and the same random choices wherever a strength leaves
room for them: more lines are the fewer lines and some others, a stronger turn is the weaker one turned further. So two
strengths differ in the strength and in nothing else.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from captcha_core.generator.base import Captcha

MOST_STEPS = 10


@dataclass(frozen=True)
class Distortion:
    """One way of making a picture harder to read.

    Attributes:
        name: Its name in files.
        label: Its name for people.
        unit: What the strength counts, below a plot.
        phrase: A strength in a sentence, with a place for it.
        extreme: The greatest strength; the least is 0, which is no such distortion.
        shown: How a strength is written, a format with one place.
        bend: 1 for even steps; more for smaller steps where it is weak.
        whole: Whether strengths are whole numbers.
        in_place: Whether the characters keep their place and shape, so that pictures can be compared pixel by pixel.
        own: The strength that the style itself has; None where it is 0 or cannot be told.
    """

    name: str
    label: str
    unit: str
    phrase: str
    extreme: float
    shown: str = "{:.0f}"
    bend: float = 1.0
    whole: bool = False
    in_place: bool = False
    own: float | None = None

    @property
    def called(self) -> str:
        """Its name within a sentence."""
        return self.label if self.label.isupper() else self.label.lower()

    def strengths(self, steps: int) -> tuple[float, ...]:
        """Return the strengths from none to the extreme, ``steps`` beside none.

        Raises:
            ValueError: If there are fewer than 1 or more than ``MOST_STEPS``.
        """
        if not 1 <= steps <= MOST_STEPS:
            raise ValueError(f"steps={steps} must be between 1 and {MOST_STEPS}")
        values = [self.extreme * (step / steps) ** self.bend for step in range(steps + 1)]
        return tuple(float(round(value)) for value in values) if self.whole else tuple(values)

    def text(self, strength: float) -> str:
        """Return a strength as people read it."""
        return self.shown.format(strength)

    def said(self, strength: float) -> str:
        """Return a strength as a sentence has it, such as "40 lines"."""
        return self.phrase.format(self.text(strength))


class Swept(Protocol):
    """What can be swept.

    Attributes:
        title: What it is, for people.
        count: Pictures that there are.
        seed: Where all random choices come from.
        notes: What should be told of the pictures, in sentences.
        distortions: What can be done to them.
    """

    @property
    def title(self) -> str:
        """What it is, for people."""

    @property
    def count(self) -> int:
        """Pictures that there are."""

    @property
    def seed(self) -> int:
        """Where all random choices come from."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be told of the pictures, in sentences."""

    @property
    def distortions(self) -> tuple[Distortion, ...]:
        """What can be done to them."""

    def key(self, distortion: Distortion | None, strength: float) -> Hashable:
        """Return a value that is the same for two strengths only if they give the same pictures."""

    def draw(self, distortion: Distortion | None, strength: float, numbers: Sequence[int]) -> list[Captcha]:
        """Return pictures by number with one distortion at a strength and all else as it is; None leaves all as it is.

        Returns:
            RGB pictures with their texts.
        """
