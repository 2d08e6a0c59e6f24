"""Recipes: architecture, preprocessing, alphabet and schedule that belong together under one name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from captcha_core.errors import CaptchaLabError
from captcha_core.transforms import square_pad_spec


@dataclass(frozen=True)
class Recipe:
    """How one design is built and trained; every value may be overridden on the command line of ``train.py``.

    Attributes:
        name: What ``--recipe`` takes.
        arch: Name of the architecture in the registry.
        alphabet: Named alphabet or characters.
        max_length: Longest text, in characters.
        size: Side of the model's input, in pixels.
        transform: Makes the preprocessing's specification from the size.
        frozen_epochs: Passes of the head over cached features while the backbone is frozen.
        epochs: Passes over the data with everything free.
        batch_size: Pictures per step.
        learning_rate: Peak of the schedule when everything is free.
        frozen_learning_rate: Peak of the schedule while the backbone is frozen.
        weight_decay: AdamW's.
        ema_decay: Share that the averaged weights keep per step.
        cpu_bfloat16: Whether bf16 autocast gains on a CPU with AMX; it does for dense convolutions only.
    """

    name: str
    arch: str
    alphabet: str
    max_length: int
    size: int
    transform: Callable[[int], dict[str, Any]]
    frozen_epochs: int
    epochs: int
    batch_size: int
    learning_rate: float
    frozen_learning_rate: float
    weight_decay: float
    ema_decay: float
    cpu_bfloat16: bool


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="efficientnet",
            arch="efficientnet",
            alphabet="lower36",
            max_length=8,
            size=160,
            transform=square_pad_spec,
            frozen_epochs=5,
            epochs=20,
            batch_size=32,
            learning_rate=1e-3,
            frozen_learning_rate=1e-3,
            weight_decay=0.01,
            ema_decay=0.999,
            # Depthwise convolutions run no faster in bf16 (benchmarks/training_speed.py).
            cpu_bfloat16=False,
        ),
    )
}


def get_recipe(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        CaptchaLabError: If there is none.
    """
    if name not in RECIPES:
        raise CaptchaLabError(f"There is no recipe {name!r}; choose one of: {', '.join(sorted(RECIPES))}.")
    return RECIPES[name]
