"""The fixed preprocessing steps, which belong to a recipe and travel in its checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from captcha_core.errors import CheckpointError

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
    """A checkpoint's whole preprocessing: a geometric step to pixels, then normalisation.

    The two halves can be called apart: training keeps the pixels as bytes until a batch is together.
    """

    def __init__(self, geometry: SquarePadAndResize, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        """Keep the geometric step and the mean and standard deviation per channel, of values in 0..1."""
        self.geometry = geometry
        self.mean = torch.tensor(mean).view(-1, 1, 1)
        self.std = torch.tensor(std).view(-1, 1, 1)

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """Turn an RGB picture into the model's input, float32 of shape (3, H, W)."""
        return self.normalise(self.pixels(image))

    def pixels(self, image: Image.Image) -> torch.Tensor:
        """Return the geometry's result as uint8 of shape (3, H, W)."""
        array = np.array(self.geometry(image))
        return torch.from_numpy(array).permute(2, 0, 1).contiguous()

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Scale uint8 or 0..255 float pixels of shape (..., 3, H, W) to the model's range, float32."""
        mean, std = self.mean.to(pixels.device), self.std.to(pixels.device)
        return pixels.to(torch.float32).div(255.0).sub(mean).div(std)

    def to_image(self, tensor: torch.Tensor) -> Image.Image:
        """Undo the normalisation of one (3, H, W) tensor: the picture as the model sees it."""
        pixels = tensor.mul(self.std).add(self.mean).mul(255.0).round().clamp(0, 255).to(torch.uint8)
        return Image.fromarray(pixels.permute(1, 2, 0).numpy())


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


def build_transform(spec: dict[str, Any]) -> Preprocess:
    """Build the preprocessing that a checkpoint's ``transform`` names.

    Raises:
        CheckpointError: If the specification names an unknown step or lacks a value.
    """
    try:
        if spec["name"] != "square_pad_and_resize":
            raise CheckpointError(f"The transform {spec['name']!r} is unknown to this version. Update Captcha Lab.")
        size, fill, multiple = int(spec["size"]), int(spec["fill"]), int(spec["multiple"])
        if not 16 <= size <= 1024:
            raise CheckpointError(f"The transform's size {size} is outside 16..1024; the checkpoint is damaged.")
        return Preprocess(SquarePadAndResize(size, fill, multiple), tuple(spec["mean"]), tuple(spec["std"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"The transform {spec!r} is incomplete ({error}). Take a fresh checkpoint.") from error
