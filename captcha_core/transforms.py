"""The fixed preprocessing steps, which belong to a recipe and travel in its checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from captcha_core.errors import CheckpointError
from captcha_core.preprocessing_steps import auto_crop, equalise, invert, resize, resize_to_height, thicken, to_grey

Step = tuple[str, Callable[[Image.Image], Image.Image]]
"""A step's name and what it does to a picture."""

# The statistics of ImageNet, the usual ones for EfficientNet.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class SquarePadAndResize(nn.Module):
    """Scale the longer side to ``size`` and pad the shorter one evenly, so that nothing is stretched.

    Takes a PIL picture or a tensor (..., C, H, W) and returns the same kind, ``size`` x ``size``, or with
    ``multiple`` without most of the padding: a captcha fills a third of its square, and convolving the blank rest
    takes two thirds of the time and tells a model nothing.

    A module as torchvision's are, so it stands in a ``v2.Compose``; it does not inherit from ``v2.Transform``, whose
    import would take half of the time that ``predict.py`` needs to start.
    """

    def __init__(self, size: int, fill: int = 255, multiple: int | None = None) -> None:
        """Set the square.

        Args:
            size: Its side, in pixels.
            fill: Grey value, 0..255, of the padding.
            multiple: Pad the shorter side only to the next multiple of this many pixels; None pads to the square.
        """
        super().__init__()
        self.size = size
        self.fill = fill
        self.multiple = multiple or size

    def forward(self, picture: Any) -> Any:
        """Pad and resize one PIL picture, or tensors (..., C, H, W) of one size."""
        if isinstance(picture, Image.Image):
            return self._transform_picture(picture)
        return self._transform_tensor(picture)

    def _transform_picture(self, picture: Image.Image) -> Image.Image:
        height, width = self._content(picture.height, picture.width)
        canvas_height, canvas_width = self._canvas(height), self._canvas(width)
        square = Image.new(picture.mode, (canvas_width, canvas_height), (self.fill,) * len(picture.getbands()))
        place = (canvas_width - width) // 2, (canvas_height - height) // 2
        square.paste(picture.resize((width, height), Image.Resampling.BILINEAR), place)
        return square

    def _transform_tensor(self, picture: torch.Tensor) -> torch.Tensor:
        height, width = self._content(*picture.shape[-2:])
        batch = picture.reshape(-1, *picture.shape[-3:]).float()
        batch = F.interpolate(batch, size=(height, width), mode="bilinear", antialias=True, align_corners=False)
        scaled = batch.reshape(*picture.shape[:-2], height, width)
        scaled = scaled if picture.is_floating_point() else scaled.round()
        canvas_height, canvas_width = self._canvas(height), self._canvas(width)
        top, left = (canvas_height - height) // 2, (canvas_width - width) // 2
        padding = [left, canvas_width - width - left, top, canvas_height - height - top]
        return F.pad(scaled, padding, value=self.fill).to(picture.dtype)

    def _canvas(self, side: int) -> int:
        """Return what a side of the scaled picture is padded to."""
        return min(self.size, -(-side // self.multiple) * self.multiple)

    def _content(self, height: int, width: int) -> tuple[int, int]:
        """Return the size of the scaled picture; a hair's breadth still has one pixel."""
        scale = self.size / max(height, width)
        return max(1, round(height * scale)), max(1, round(width * scale))


class Preprocess:
    """A checkpoint's whole preprocessing: steps from picture to picture, then normalisation.

    The two halves can be called apart: training keeps the pixels as bytes until a batch is together. Nothing changes
    after construction, so threads may share one; it can be sent to worker processes.
    """

    def __init__(self, steps: Sequence[Step], mean: Sequence[float], std: Sequence[float]) -> None:
        """Keep the steps in order, and the mean and standard deviation per channel, of values in 0..1."""
        self.steps = tuple(steps)
        self.mean = torch.tensor(mean).view(-1, 1, 1)
        self.std = torch.tensor(std).view(-1, 1, 1)

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """Turn an RGB picture into the model's input, float32 of shape (C, H, W)."""
        return self.normalise(self.pixels(image))

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
        final = self.stages(image)[-1][1]
        array = np.array(final).reshape(final.height, final.width, -1)
        return torch.from_numpy(array).permute(2, 0, 1).contiguous()

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Scale uint8 or 0..255 float pixels of shape (..., C, H, W) to the model's range, float32."""
        mean, std = self.mean.to(pixels.device), self.std.to(pixels.device)
        return pixels.to(torch.float32).div(255.0).sub(mean).div(std)

    def to_image(self, tensor: torch.Tensor) -> Image.Image:
        """Undo the normalisation of one (C, H, W) tensor: the picture as the model sees it, RGB or mode L."""
        pixels = tensor.mul(self.std).add(self.mean).mul(255.0).round().clamp(0, 255).to(torch.uint8)
        return Image.fromarray(pixels[0].numpy() if len(pixels) == 1 else pixels.permute(1, 2, 0).numpy())


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
            raise CheckpointError(f"The transform {spec['name']!r} is unknown to this version. Update Captcha Lab.")
        channels, build, keys = _KINDS[spec["name"]]
        if unknown := sorted(set(spec) - keys - {"name", "mean", "std", "auto_crop", "invert", "strong"}):
            raise CheckpointError(f"The transform has {unknown}, unknown to this version. Update Captcha Lab.")
        mean = _numbers(spec["mean"], "mean", channels)
        std = _numbers(spec["std"], "std", channels, above=0.0)
        return Preprocess([*_first_steps(spec), *build(spec)], mean, std)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"The transform {spec!r} is incomplete or damaged ({error}). Take a fresh checkpoint."
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
            raise ValueError(f"clahe={clahe!r} has other keys than clip_limit and tiles")
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
        raise ValueError(f"{key}={value!r} is none of {', '.join(map(repr, choices))}")
    return value


def _whole(value: Any, name: str, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name}={value!r} is no whole number in {low}..{high}")
    return value


def _number(value: Any, name: str, above: float = -math.inf) -> float:
    if type(value) not in (int, float) or not above < value < math.inf:
        raise ValueError(f"{name}={value!r} is no number above {above}")
    return float(value)


def _numbers(values: Any, name: str, count: int, above: float = -math.inf) -> list[float]:
    if len(values) != count:
        raise ValueError(f"{name}={values!r} has not {count} numbers")
    return [_number(value, name, above) for value in values]
