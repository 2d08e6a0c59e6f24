"""A model that reads what it is told, as long as the picture still looks like what it was."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from PIL import Image

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.evaluation.sweep import Sweep, SweepRun
from captcha_core.evaluation.sweep_distortions import Distortion
from captcha_core.evaluation.sweep_style import DrawnStyle
from captcha_core.generator.base import Captcha
from captcha_core.generator.styles import GeneratorSettings
from captcha_core.prediction import Prediction
from tests.helpers import tiny_meta

PLAIN = GeneratorSettings(spots=0, lines=0, elastic_alpha=0.0, rotation=0.0, shear=0.0, offset=0.0, size_jitter=0.0)


@dataclass(frozen=True)
class Whispering(DrawnStyle):
    """A style whose pictures carry their text and how strongly they are distorted, for :class:`Told` to find."""

    def draw(self, distortion: Distortion | None, strength: float, numbers: Sequence[int]) -> list[Captcha]:
        drawn = super().draw(distortion, strength, numbers)
        share = strength / distortion.extreme if distortion else 0.0
        for captcha in drawn:
            captcha.image.info.update(text=captcha.text, share=share, name=distortion.name if distortion else "")
        return drawn

    def key(self, distortion: Distortion | None, strength: float) -> Hashable:
        # Pictures that look alike differ in what they carry.
        return (distortion.name if distortion else "", strength)


class Told:
    """Reads right up to a share of a distortion's extreme, then one character less for every further tenth."""

    def __init__(self, limits: dict[str, float], alphabet: str = NAMED_ALPHABETS["lower36"]) -> None:
        self.limits, self.meta, self.batches = limits, tiny_meta(alphabet=alphabet), list[int]()

    def read_batch(self, images: Sequence[Image.Image]) -> list[Prediction]:
        self.batches.append(len(images))
        return [self._read(image) for image in images]

    def _read(self, image: Image.Image) -> Prediction:
        text, over = image.info["text"], image.info["share"] - self.limits.get(image.info["name"], 1.0)
        lost = min(len(text), int(np.ceil(over * 10))) if over > 1e-9 else 0
        text = text[: len(text) - lost]
        return Prediction(text, 0.5, (0.5,) * len(text))


def swept(limits: dict[str, float] | None = None, models: int = 1, count: int = 12, **changes: Any) -> Sweep:
    """Return what a sweep of plain text finds with such models; ``changes`` replace fields of the result."""
    style = Whispering(PLAIN, 5, count, "Plain text")
    readers = {f"model{i}": cast(Any, Told(limits or {"lines": 0.3, "rotation": 0.6})) for i in range(models)}
    run = SweepRun(style, readers)
    for _ in run:
        pass
    return replace(run.result(), **changes)
