"""Recipes: architecture, preprocessing, alphabet and schedule that belong together under one name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from captcha_core.errors import CaptchaLabError
from captcha_core.transforms import grey_resize_spec, keep_aspect_spec, square_pad_spec


@dataclass(frozen=True)
class Recipe:
    """How one design is built and trained; every value may be overridden on the command line of ``train.py``.

    Attributes:
        name: What ``--recipe`` takes.
        arch: Name of the architecture in the registry.
        alphabet: Named alphabet or characters.
        max_length: Longest text, in characters; for parallel heads the only length.
        size: The numbers, in pixels, that ``transform`` takes.
        transform: Makes the preprocessing's specification from the size.
        frozen_epochs: Passes of the head over cached features while the backbone is frozen.
        epochs: Passes over the data with everything free.
        batch_size: Pictures per step.
        learning_rate: Peak of the schedule when everything is free.
        frozen_learning_rate: Peak of the schedule while the backbone is frozen.
        weight_decay: AdamW's; 0 makes it Adam.
        ema_decay: Share that the averaged weights keep per step.
        label_smoothing: Share of the cross-entropy's target that goes to all classes alike.
        cpu_bfloat16: Whether bf16 autocast gains on a CPU; it does for dense convolutions only.
    """

    name: str
    arch: str
    alphabet: str
    max_length: int
    size: tuple[int, ...]
    transform: Callable[..., dict[str, Any]]
    epochs: int
    batch_size: int
    frozen_epochs: int = 0
    learning_rate: float = 1e-3
    frozen_learning_rate: float = 1e-3
    weight_decay: float = 0.0
    ema_decay: float = 0.999
    label_smoothing: float = 0.0
    cpu_bfloat16: bool = True


# The four after the first are designs that captcha projects have used for years, with their authors' settings where
# these are known; docs/recipes.md says what is whose. The schedule (a short warm-up, then a cosine), the averaged
# weights and the choice of the best checkpoint are the same for all, so that they can be compared.
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="efficientnet",
            arch="efficientnet",
            alphabet="lower36",
            max_length=8,
            size=(256,),
            transform=square_pad_spec,
            frozen_epochs=5,
            epochs=20,
            batch_size=32,
            weight_decay=0.01,
            # Depthwise convolutions run no faster in bf16 (benchmarks/training_speed.py).
            cpu_bfloat16=False,
        ),
        Recipe(
            name="resnet50-heads",
            arch="resnet50-heads",
            alphabet="lower36",
            max_length=6,
            size=(50, 250),
            transform=grey_resize_spec,
            epochs=20,
            batch_size=32,
            weight_decay=1e-4,
            label_smoothing=0.1,
        ),
        Recipe(
            name="crnn-resnet18",
            arch="crnn-resnet18",
            alphabet="lower36",
            max_length=8,
            # At a width of 200 there are 10 time steps, and of two like characters side by side one gets lost.
            size=(50, 400),
            transform=grey_resize_spec,
            epochs=50,
            batch_size=16,
        ),
        Recipe(
            name="cnn-lstm",
            arch="cnn-lstm",
            alphabet="lower36",
            max_length=8,
            size=(60, 160),
            transform=grey_resize_spec,
            epochs=20,
            batch_size=64,
        ),
        Recipe(
            name="crnn-clahe",
            arch="crnn",
            alphabet="mixed62",
            max_length=8,
            size=(50, 200),
            transform=partial(grey_resize_spec, clahe={"clip_limit": 2.0, "tiles": [8, 8]}, auto_crop=True),
            epochs=30,
            batch_size=32,
        ),
        Recipe(
            name="captcha-net",
            arch="captcha-net",
            alphabet="mixed62",
            max_length=12,
            size=(48, 96, 320),
            transform=keep_aspect_spec,
            epochs=20,
            batch_size=64,
            weight_decay=0.01,
        ),
        Recipe(
            name="ppocr",
            arch="ppocr",
            alphabet="mixed62",
            max_length=12,
            # PaddleOCR's own height and its normalisation to -1..1.
            size=(48, 96, 320),
            transform=keep_aspect_spec,
            epochs=20,
            batch_size=64,
            learning_rate=6e-4,
            weight_decay=0.01,
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
