"""What a training run is told, checked all at once and kept beside its results."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path
from captcha_core.recipes import get_recipe


@dataclass(frozen=True)
class TrainOptions:
    """Settings of one run. Fields that are None take the recipe's value.

    Attributes:
        data: Parquet files to learn from; one that is named twice counts twice.
        output: Folder of the run; it must not hold another run.
        recipe: Name of the recipe.
        split: Which rows of files that have a ``split`` column; see the Parquet readers.
        image_column: Column of the pictures, if it is not the obvious one.
        label_column: Column of the labels, if it is not ``label``.
        validation_data: Files of which nothing is learned, from which the held-out rows are then taken: captchas of
            other kinds, where the reader is to be judged by what it has not seen.
        validation: Rows held out to choose the best checkpoint and fit the temperature.
        teacher: Checkpoint of a larger model of the same alphabet, preprocessing and time steps, whose readings are
            learned too (distillation).
        init_from: Checkpoint whose backbone (and head, where it fits) is the start, or ``imagenet``.
        alphabet: Named alphabet or characters.
        max_length: Longest text, in characters.
        size: Size of the model's input, in pixels: as many numbers as the recipe has, the side of a square or the
            height and the width.
        arch_args: Arguments of the architecture that differ from its own, such as the width of a layer.
        frozen_epochs: Passes with the backbone frozen.
        epochs: Passes with everything free.
        batch_size: Pictures per step.
        accumulate: Parts of a batch that are computed one after the other, so that a large one needs less memory.
        learning_rate: Peak of the schedule when everything is free.
        augment: Share of the pictures, 0..1, that augmentation changes; less where drawn pictures never repeat.
        draw: Pictures that are drawn while training, once each, evenly among the passes over the data.
        fonts: Folders, files or names of fonts to draw with; empty for those at hand.
        check_every: Steps between two checks (validation and checkpoint); also at the end of a phase.
        seed: Where all randomness starts.
        workers: Processes that open pictures; 0 opens them in the training process.
        threads: Threads of the arithmetic; None leaves torch's choice.
        device: ``cpu``, ``cuda`` or ``auto``.

    Raises:
        CaptchaLabError: Listing every value that is wrong.
    """

    data: tuple[str, ...]
    output: str
    recipe: str = "efficientnet"
    split: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    validation_data: tuple[str, ...] = ()
    validation: int = 1000
    teacher: str | None = None
    init_from: str | None = None
    alphabet: str | None = None
    max_length: int | None = None
    size: tuple[int, ...] | None = None
    arch_args: dict[str, Any] = field(default_factory=dict)
    frozen_epochs: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    accumulate: int = 1
    augment: float = 1.0
    draw: int = 0
    fonts: tuple[str, ...] = ()
    check_every: int = 500
    seed: int = 0
    workers: int = 0
    threads: int | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        """Fill in the recipe's values and report all mistakes together."""
        recipe = get_recipe(self.recipe)
        for name in ("alphabet", "max_length", "size", "frozen_epochs", "epochs", "batch_size", "learning_rate"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, getattr(recipe, name))
        wrong = [f"--{name.replace('_', '-')} {value} (give {need})" for name, value, need in self._mistakes()]
        if wrong:
            raise CaptchaLabError("These settings cannot be used: " + "; ".join(wrong) + ".")

    def _mistakes(self) -> list[tuple[str, Any, str]]:
        bounds: dict[str, float] = {
            "validation": 1,
            "max_length": 1,
            "frozen_epochs": 0,
            "epochs": 0,
            "batch_size": 2,
            "accumulate": 1,
            "draw": 0,
            "check_every": 1,
            "workers": 0,
            "threads": 1,
        }
        found: list[tuple[str, Any, str]] = []
        for name, low in bounds.items():
            value = getattr(self, name)
            if value is not None and value < low:
                found.append((name, value, f"{low} or more"))
        if not 0 < (self.learning_rate or 0) <= 1:
            found.append(("learning_rate", self.learning_rate, "a number above 0 and at most 1"))
        if len(self.size or ()) != len(get_recipe(self.recipe).size):
            found.append(("size", _words(self.size), f"as many numbers as in {_words(get_recipe(self.recipe).size)}"))
        elif not all(32 <= side <= 1024 for side in self.size or ()):
            found.append(("size", _words(self.size), "numbers from 32 to 1024"))
        elif len(self.size or ()) == 1 and self.size[0] % 32:  # type: ignore[index]
            found.append(("size", _words(self.size), "a multiple of 32"))
        if not 0 <= self.augment <= 1:
            found.append(("augment", self.augment, "a share from 0 to 1"))
        if not 0 <= self.seed < 2**32:
            found.append(("seed", self.seed, "a number from 0 to 4294967295"))
        if not self.epochs and not self.draw and not (self.frozen_epochs and self.init_from):
            found.append(("epochs", self.epochs, "1 or more, or a start whose head alone learns"))
        if self.device not in {"auto", "cpu", "cuda"}:
            found.append(("device", self.device, "auto, cpu or cuda"))
        if not self.data:
            found.append(("data", "", "at least one Parquet file"))
        return found

    def save(self, path: Path) -> None:
        """Write the options as JSON, atomically."""
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf8")

    @classmethod
    def load(cls, path: Path) -> TrainOptions:
        """Read options that :meth:`save` wrote.

        Raises:
            CaptchaLabError: If the file is missing or damaged.
        """
        try:
            values = json.loads(path.read_text(encoding="utf8"))
            lists = {name: tuple(values[name]) for name in ("data", "validation_data", "size", "fonts")}
            return cls(**{**values, **lists})
        except FileNotFoundError as error:
            raise CaptchaLabError(f"There is no run to resume in {path.parent}; start one without --resume.") from error
        except OSError as error:
            raise CaptchaLabError(
                f"{path} cannot be read ({error.strerror}); give --resume the run's folder."
            ) from error
        except (ValueError, TypeError, KeyError) as error:
            raise CaptchaLabError(f"{path} is damaged ({error}); start the run again in a new folder.") from error


def _words(numbers: tuple[int, ...] | None) -> str:
    """Return numbers as they stand on the command line."""
    return " ".join(map(str, numbers or ()))
