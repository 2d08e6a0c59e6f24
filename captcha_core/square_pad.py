"""Padding to a square, for pictures and, beside them, for tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    import torch


class SquarePadAndResize:
    """Scale the longer side to ``size`` and pad the shorter one evenly, so that nothing is stretched.

    Takes a PIL picture or a tensor (..., C, H, W) and returns the same kind, ``size`` x ``size``, or with
    ``multiple`` without most of the padding: a captcha fills a third of its square, and convolving the blank rest
    takes two thirds of the time and tells a model nothing.

    It can be called as torchvision's are, so it stands in a ``v2.Compose``; it does not inherit from ``v2.Transform``,
    whose import would take half of the time that ``predict.py`` needs to start.
    """

    def __init__(self, size: int, fill: int = 255, multiple: int | None = None) -> None:
        """Set the square.

        Args:
            size: Its side, in pixels.
            fill: Grey value, 0..255, of the padding.
            multiple: Pad the shorter side only to the next multiple of this many pixels; None pads to the square.
        """
        self.size = size
        self.fill = fill
        self.multiple = multiple or size

    def __call__(self, picture: Any) -> Any:
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
        # Pictures are padded without torch.
        import torch.nn.functional as F

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
