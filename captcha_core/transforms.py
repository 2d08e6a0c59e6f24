"""The fixed preprocessing steps, which belong to a recipe and travel in its checkpoint.

Torch is imported only where tensors are asked for, so that pictures can be read without it.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from captcha_core.errors import CheckpointError
from captcha_core.preprocessing_steps import auto_crop, equalise, invert, resize, resize_to_height, thicken, to_grey
from captcha_core.square_pad import SquarePadAndResize

if TYPE_CHECKING:
    import torch

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Preprocess",
    "SquarePadAndResize",
    "Step",
    "build_transform",
    "grey_resize_spec",
    "keep_aspect_spec",
    "override_spec",
    "square_pad_spec",
]

Step = tuple[str, Callable[[Image.Image], Image.Image]]
"""A step's name and what it does to a picture."""

# The statistics of ImageNet, the usual ones for EfficientNet.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Preprocess:
    """A checkpoint's whole preprocessing: steps from picture to picture, then normalisation.

    The two halves can be called apart: training keeps the pixels as bytes until a batch is together. Nothing changes
    after construction, so threads may share one; it can be sent to worker processes.
    """

    def __init__(self, steps: Sequence[Step], mean: Sequence[float], std: Sequence[float]) -> None:
        """Keep the steps in order, and the mean and standard deviation per channel, of values in 0..1."""
        self.steps = tuple(steps)
        self.mean = np.array(mean, np.float32).reshape(-1, 1, 1)
        self.std = np.array(std, np.float32).reshape(-1, 1, 1)

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """Turn an RGB picture into the model's input, float32 of shape (C, H, W)."""
        import torch

        return torch.from_numpy(self.array(image))

    def array(self, image: Image.Image) -> NDArray[np.float32]:
        """Do the same without torch, to the last bit."""
        return (self._bytes(image).astype(np.float32) / np.float32(255.0) - self.mean) / self.std

    def stages(self, image: Image.Image) -> list[tuple[str, Image.Image]]:
        """Return an RGB picture after every step, with the step's name; the first is the ``original``.

        The last is what becomes the tensor: RGB, or mode L for one channel.
        """
        stages = [("original", image)]
        for name, step in self.steps:
            stages.append((name, step(stages[-1][1])))
        return stages

    def pixels(self, image: Image.Image) -> torch.Tensor:
        """Return an RGB picture after the last step as uint8 of shape (C, H, W), with C = 3 or, if grey, 1."""
        import torch

        return torch.from_numpy(self._bytes(image))

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Scale uint8 or 0..255 float pixels of shape (..., C, H, W) to the model's range, float32."""
        import torch

        mean, std = (torch.from_numpy(values).to(pixels.device) for values in (self.mean, self.std))
        return pixels.to(torch.float32).div(255.0).sub(mean).div(std)

    def to_image(self, normalised: ArrayLike) -> Image.Image:
        """Undo the normalisation of one (C, H, W) array or tensor: what the model sees, RGB or mode L."""
        levels = (np.asarray(normalised, np.float32) * self.std + self.mean) * np.float32(255.0)
        pixels = levels.round().clip(0, 255).astype(np.uint8)
        return Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))

    def _bytes(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return what :meth:`pixels` does, without torch."""
        final = self.stages(image)[-1][1]
        array = np.array(final).reshape(final.height, final.width, -1)
        return np.ascontiguousarray(array.transpose(2, 0, 1))


def square_pad_spec(size: int) -> dict[str, Any]:
    """Return the specification of square padding with ImageNet normalisation, as a checkpoint stores it.

    Blank rows are left out up to EfficientNet's stride.
    """
    return {
        "name": "square_pad_and_resize",
        "size": size,
        "fill": 255,
        "multiple": 32,
        "mean": list(IMAGENET_MEAN),
        "std": list(IMAGENET_STD),
    }


def grey_resize_spec(
    height: int, width: int, clahe: dict[str, Any] | None = None, auto_crop: bool = False
) -> dict[str, Any]:
    """Return the specification of one grey channel of a fixed size, with values in -1..1, as a checkpoint stores it.

    Args:
        height: Of the model's input, in pixels; pictures are stretched to it.
        width: The same.
        clahe: ``{"clip_limit": float, "tiles": [rows, columns]}``, or None for no equalisation.
        auto_crop: Whether a margin of one flat colour is cut away first.
    """
    return {
        "name": "grey_resize",
        "height": height,
        "width": width,
        "clahe": clahe,
        "mean": [0.5],
        "std": [0.5],
        "auto_crop": auto_crop,
    }


def keep_aspect_spec(height: int, least_width: int, most_width: int) -> dict[str, Any]:
    """Return the specification of colour pictures of one height and of a width in proportion, with values in -1..1.

    Flat margins are cut off first, so that the text fills the height.

    Args:
        height: Of the model's input, in pixels.
        least_width: Least width, in pixels, and the most.
        most_width: The same.
    """
    return {
        "name": "keep_aspect",
        "height": height,
        "least_width": least_width,
        "most_width": most_width,
        "multiple": 16,
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
        "auto_crop": True,
    }


def override_spec(spec: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a specification with other values.

    Args:
        spec: What :func:`build_transform` takes.
        changes: Its keys, such as ``auto_crop``, ``invert`` or ``strong``.

    Raises:
        CheckpointError: If the one or the other is no specification.
    """
    build_transform(spec)  # What comes from a file may not even be a mapping.
    changed = {**spec, **changes}
    build_transform(changed)
    return changed


def build_transform(spec: dict[str, Any]) -> Preprocess:
    """Build the preprocessing that a checkpoint's ``transform`` names.

    Every specification may also have ``auto_crop`` and ``strong`` (true or false) and ``invert`` (false, true for
    pictures that are light on dark, or ``"always"``); without them these are false.

    Raises:
        CheckpointError: If the specification names an unknown step, lacks a value or has one that is out of range.
    """
    try:
        if spec["name"] not in _KINDS:
            raise CheckpointError(
                f"The transform {reprlib.repr(spec['name'])} is unknown to this version. Update Captcha Lab."
            )
        channels, build, keys = _KINDS[spec["name"]]
        if unknown := sorted(set(spec) - keys - {"name", "mean", "std", "auto_crop", "invert", "strong"}):
            raise CheckpointError(
                f"The transform has {reprlib.repr(unknown)}, unknown to this version. Update Captcha Lab."
            )
        mean = _numbers(spec["mean"], "mean", channels)
        # Smaller ones are zero as float32.
        std = _numbers(spec["std"], "std", channels, above=1e-6)
        return Preprocess([*_first_steps(spec), *build(spec)], mean, std)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"The transform {reprlib.repr(spec)} is incomplete or damaged ({error}). Take a fresh checkpoint."
        ) from error


def _first_steps(spec: dict[str, Any]) -> Iterator[Step]:
    """Yield the optional steps, which work on the picture as it comes."""
    if _choice(spec, "auto_crop", (False, True)):
        yield "auto_crop", auto_crop
    if choice := _choice(spec, "invert", (False, True, "always")):
        yield "invert", partial(invert, always=choice == "always")
    if _choice(spec, "strong", (False, True)):
        yield "strong", thicken


def _square(spec: dict[str, Any]) -> Iterator[Step]:
    size, fill = _whole(spec["size"], "size", 16, 1024), _whole(spec["fill"], "fill", 0, 255)
    yield "pad_and_resize", SquarePadAndResize(size, fill, _whole(spec["multiple"], "multiple", 1, 1024))


def _grey(spec: dict[str, Any]) -> Iterator[Step]:
    yield "grey", to_grey
    if (clahe := spec["clahe"]) is not None:
        if set(clahe) != {"clip_limit", "tiles"}:
            raise ValueError(f"clahe={reprlib.repr(clahe)} has other keys than clip_limit and tiles")
        clip_limit = _number(clahe["clip_limit"], "clip_limit", above=0.0)
        rows, columns = (_whole(count, "tiles", 1, 64) for count in clahe["tiles"])
        yield "clahe", partial(equalise, clip_limit=clip_limit, tiles=(rows, columns))
    height, width = (_whole(spec[side], side, 8, 1024) for side in ("height", "width"))
    yield "resize", partial(resize, height=height, width=width)


def _keep_aspect(spec: dict[str, Any]) -> Iterator[Step]:
    height, least, most = (_whole(spec[key], key, 8, 1024) for key in ("height", "least_width", "most_width"))
    multiple = _whole(spec["multiple"], "multiple", 1, 1024)
    if least > most or least % multiple or most % multiple:
        raise ValueError(f"widths {least}..{most} are no range of multiples of {multiple}")
    step = partial(resize_to_height, height=height, least=least, most=most, multiple=multiple)
    yield "resize", step


# Per kind of transform: its channels, what builds its steps, and its keys beside those that all have.
_KINDS: dict[str, tuple[int, Callable[[dict[str, Any]], Iterator[Step]], set[str]]] = {
    "square_pad_and_resize": (3, _square, {"size", "fill", "multiple"}),
    "grey_resize": (1, _grey, {"height", "width", "clahe"}),
    "keep_aspect": (3, _keep_aspect, {"height", "least_width", "most_width", "multiple"}),
}


def _choice(spec: dict[str, Any], key: str, choices: tuple[bool | str, ...]) -> bool | str:
    value = spec.get(key, False)
    # By type as well, since 1 == True.
    if not isinstance(value, bool | str) or value not in choices:
        raise ValueError(f"{key}={reprlib.repr(value)} is none of {', '.join(map(repr, choices))}")
    return value


def _whole(value: Any, name: str, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name}={reprlib.repr(value)} is no whole number in {low}..{high}")
    return value


def _number(value: Any, name: str, above: float = -math.inf) -> float:
    if type(value) not in (int, float) or not above < value < math.inf:
        raise ValueError(f"{name}={reprlib.repr(value)} is no number above {above}")
    return float(value)


def _numbers(values: Any, name: str, count: int, above: float = -math.inf) -> list[float]:
    if len(values) != count:
        raise ValueError(f"{name}={reprlib.repr(values)} has not {count} numbers")
    return [_number(value, name, above) for value in values]
