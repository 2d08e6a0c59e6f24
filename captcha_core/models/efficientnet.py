"""EfficientNet features with a class per time step (recipe ``efficientnet``)."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from efficientnet_pytorch import EfficientNet
from efficientnet_pytorch.utils import Conv2dStaticSamePadding
from torch import nn

from captcha_core.models.registry import register_model

# Channels of EfficientNet-B0 at strides 8 and 16, and after its last convolution at stride 32.
_ENDPOINTS = {"reduction_3": 40, "reduction_4": 112, "reduction_6": 1280}


@register_model("efficientnet")
class CNNModel(nn.Module):
    """EfficientNet-B0 that writes one character per time step and an end class after the last.

    The backbone is Tan and Le's (2019, arXiv:1905.11946) from ``efficientnet-pytorch``. The head joins its
    maps at strides 8, 16 and 32, since at stride 32 a captcha is only a few cells wide, lets every cell
    see the others once (a transformer encoder layer, so that a cell can know how many characters lie to
    its left), and reads them with one learned query per time step (a decoder layer, as in DETR's object
    queries, Carion et al. 2020). Positions are relative to the picture, so that any size can be read.

    Attributes:
        max_length: Longest text in characters; there is one more time step for the end class.
        backbone: The part that :func:`set_requires_grad` freezes in the first phase.
        head: The part that learns in both phases.
        scheme: How its logits are read.
    """

    scheme = "positions"

    def __init__(
        self, num_classes: int = 36, max_length: int = 8, hidden: int = 128, heads: int = 4, dropout: float = 0.0
    ) -> None:
        """Build the model.

        Args:
            num_classes: Characters of the alphabet; the end class comes on top.
            max_length: Longest text, in characters.
            hidden: Width of the head; a multiple of 4 and of ``heads``.
            heads: Attention heads.
            dropout: Share of the head's activations dropped while training.
        """
        super().__init__()
        self.max_length = max_length
        self.backbone = build_backbone()
        self.head = TimeStepHead(num_classes + 1, max_length + 1, hidden, heads, dropout)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map normalised pictures (B, 3, H, W) to logits (B, max_length + 1, num_classes + 1)."""
        return self.head(self.features(images))

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the backbone's maps at strides 8, 16 and 32, as the head takes them."""
        endpoints = self.backbone.extract_endpoints(images)
        return [endpoints[name] for name in _ENDPOINTS]


class TimeStepHead(nn.Module):
    """Turn feature maps of three strides into one class distribution per time step."""

    def __init__(self, classes: int, steps: int, hidden: int, heads: int, dropout: float) -> None:
        """Build the head; see :class:`CNNModel` for the arguments."""
        super().__init__()
        if hidden % 4 or hidden % heads:
            raise ValueError(f"hidden={hidden} must be a multiple of 4 and of heads={heads}")
        self.lateral = nn.ModuleList(nn.Conv2d(channels, hidden, 1) for channels in _ENDPOINTS.values())
        options: dict[str, Any] = {"dropout": dropout, "activation": "gelu", "batch_first": True, "norm_first": True}
        self.encoder = nn.TransformerEncoderLayer(hidden, heads, 2 * hidden, **options)
        self.decoder = nn.TransformerDecoderLayer(hidden, heads, 2 * hidden, **options)
        self.queries = nn.Parameter(torch.randn(steps, hidden) * 0.5)
        self.norm = nn.LayerNorm(hidden)
        self.classifier = nn.Linear(hidden, classes)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Map features [(B, C_i, H_i, W_i)] to logits (B, time steps, classes)."""
        size = maps[0].shape[-2:]
        joined = self.lateral[0](maps[0])
        for lateral, features in zip(list(self.lateral)[1:], maps[1:], strict=True):
            joined = joined + F.interpolate(lateral(features), size=size, mode="bilinear", align_corners=False)
        cells = joined.flatten(2).transpose(1, 2) + positions(size[0], size[1], joined.shape[1]).to(joined)
        cells = self.encoder(cells)
        steps = self.decoder(self.queries.expand(cells.shape[0], -1, -1), cells)
        return self.classifier(self.norm(steps))


def positions(height: int, width: int, channels: int) -> torch.Tensor:
    """Return sine and cosine codes of relative cell positions, (height * width, channels).

    Vaswani et al. (2017) in two dimensions; half of the channels for each axis, wavelengths from a
    sixteenth of the longer side to twice that side. Places count from the centre, in longer sides, so that
    padding changes no cell's place.
    """
    # Not max(), nor len() above: they would fix the sizes in an exported network.
    longest: Any = torch.sym_max(height, width)
    waves = torch.exp(torch.linspace(math.log(0.5), math.log(16.0), channels // 4)) * 2 * math.pi

    def axis(cells: int) -> torch.Tensor:
        place = 0.5 + (torch.arange(cells) + 0.5 - cells / 2) / longest
        angles = place[:, None] * waves
        return torch.cat([angles.sin(), angles.cos()], dim=1)

    rows = axis(height)[:, None].expand(-1, width, -1)
    columns = axis(width)[None].expand(height, -1, -1)
    return torch.cat([rows, columns], dim=2).reshape(height * width, -1)


def build_backbone() -> EfficientNet:
    """Return EfficientNet-B0 without its classifier, tuned for speed without changing what it computes.

    The package pads by a separate layer before each convolution; where the padding is the same on both
    sides the convolution does it itself. Its hand-written swish gives way to PyTorch's own SiLU.
    """
    backbone = EfficientNet.from_name("efficientnet-b0", drop_connect_rate=0.0)
    backbone.set_swish(memory_efficient=False)
    backbone._fc = nn.Identity()
    for module in backbone.modules():
        if isinstance(module, Conv2dStaticSamePadding):
            _fold_padding(module)
    return backbone


def _fold_padding(convolution: Conv2dStaticSamePadding) -> None:
    padding = convolution.static_padding
    if not isinstance(padding, nn.ZeroPad2d):
        return
    left, right, top, bottom = padding.padding
    if left == right and top == bottom:
        convolution.padding = (top, left)
        convolution.static_padding = nn.Identity()


def set_requires_grad(module: nn.Module, requires_grad: bool) -> None:
    """Freeze (False) or free (True) all parameters of a module."""
    for parameter in module.parameters():
        parameter.requires_grad_(requires_grad)
