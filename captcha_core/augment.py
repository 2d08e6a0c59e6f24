"""Training-time augmentation, a whole batch at once on whatever device it lies."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

# Strengths that keep a captcha readable. They are part of how a recipe trains, not of what a checkpoint is.
_ROTATION = math.radians(6.0)
_SCALE, _SHEAR, _SHIFT = 0.12, 0.12, 0.05
_BRIGHTNESS, _CONTRAST, _NOISE = 25.0, 0.25, 10.0
_GREY_SHARE, _INVERT_SHARE, _BLUR_SHARE, _SHUFFLE_SHARE = 0.15, 0.1, 0.2, 0.3


def augment_batch(pixels: torch.Tensor, generator: torch.Generator, share: float = 1.0) -> torch.Tensor:
    """Return randomly moved, recoloured, blurred and noisy copies.

    Args:
        pixels: Pictures (B, C, H, W), of three channels or a grey one, with values in 0..255, any number type.
        generator: Source of randomness, on the CPU, so that every device draws the same numbers.
        share: Share, 0..1, of the pictures that are changed; the others come as they are.

    Returns:
        float32 pictures of the same shape, values in 0..255.
    """
    plain = pixels.float()
    changed = _chosen(len(plain), share, generator).to(plain.device)
    pixels = _recolour(_blur(_move(plain, generator), generator), generator)
    noise = torch.randn(pixels.shape, generator=generator).to(pixels.device)
    deviation = _uniform(len(pixels), 0.0, _NOISE, generator).to(pixels.device)
    return torch.where(changed, (pixels + noise * deviation).clamp(0.0, 255.0), plain)


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    """Return random numbers of shape (count, 1, 1, 1)."""
    return torch.rand(count, 1, 1, 1, generator=generator) * (high - low) + low


def _chosen(count: int, share: float, generator: torch.Generator) -> torch.Tensor:
    """Return True for a random share, shape (count, 1, 1, 1)."""
    return torch.rand(count, 1, 1, 1, generator=generator) < share


def _move(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Rotate, scale, slant and shift; what comes in from outside repeats the border."""
    count = len(pixels)
    angle, shear, scale_x, scale_y, shift_x, shift_y = (
        _uniform(count, low, high, generator).view(count)
        for low, high in (
            (-_ROTATION, _ROTATION),
            (-_SHEAR, _SHEAR),
            (1 - _SCALE, 1 + _SCALE),
            (1 - _SCALE, 1 + _SCALE),
            (-_SHIFT, _SHIFT),
            (-_SHIFT, _SHIFT),
        )
    )
    cos, sin = angle.cos(), angle.sin()
    # The grid counts both axes from -1 to 1, whatever the picture's shape; angles are meant in pixels.
    aspect = pixels.shape[2] / pixels.shape[3]
    rows = [cos * scale_x, (cos * shear - sin) * aspect, shift_x, sin / aspect, (sin * shear + cos) * scale_y, shift_y]
    theta = torch.stack(rows, dim=1).view(count, 2, 3).to(pixels.device)
    grid = F.affine_grid(theta, list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _blur(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Soften a share of the pictures with a 3 x 3 mean."""
    chosen = _chosen(len(pixels), _BLUR_SHARE, generator).to(pixels.device)
    soft = F.avg_pool2d(F.pad(pixels, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return torch.where(chosen, soft, pixels)


def _recolour(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Invert, swap channels, turn grey, and change brightness and contrast, each for some pictures."""
    count, device = len(pixels), pixels.device
    inverted = _chosen(count, _INVERT_SHARE, generator).to(device)
    pixels = torch.where(inverted, 255.0 - pixels, pixels)
    channels = pixels.shape[1]
    order = torch.rand(count, channels, generator=generator).argsort(dim=1)
    swapped = _chosen(count, _SHUFFLE_SHARE, generator).view(count, 1)
    order = torch.where(swapped, order, torch.arange(channels)).to(device)
    pixels = pixels[torch.arange(count, device=device)[:, None], order]
    grey = _chosen(count, _GREY_SHARE, generator).to(device)
    pixels = torch.where(grey, pixels.mean(dim=1, keepdim=True).expand_as(pixels), pixels)
    contrast = _uniform(count, 1 - _CONTRAST, 1 + _CONTRAST, generator).to(device)
    brightness = _uniform(count, -_BRIGHTNESS, _BRIGHTNESS, generator).to(device)
    return (pixels - 128.0) * contrast + 128.0 + brightness
