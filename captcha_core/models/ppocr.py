"""PP-OCRv6's small recogniser of text lines, as a network that can be trained (recipe ``ppocr``).

The network is PaddleOCR's (Cui et al. 2025, arXiv:2507.05595, and the project's ONNX file, Apache License 2.0): blocks
of a depthwise convolution, sometimes with squeeze-and-excitation, and two 1x1 convolutions; then the neck of SVTR-LCNet
(Du et al. 2022, arXiv:2205.00159) and CTC. ``tools/ppocr_start.py`` fills it with the published weights, which is what
it is for: somebody else's millions of text lines as the start of a reader of captchas. The batch normalisations that
the published file has folded into its convolutions stay folded.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from captcha_core.models.attention import AttentionLayer
from captcha_core.models.registry import register_model


@register_model("ppocr")
class PPOCRRecognizer(nn.Module):
    """A recogniser of text lines with depthwise convolutions.

    Attributes:
        scheme: How its logits are read.
        backbone: The convolutions.
        head: The rest.
    """

    scheme = "ctc"

    def __init__(self, num_classes: int = 62, max_length: int = 12, step: int = 1, dropout: float = 0.1) -> None:
        """Build the model.

        Args:
            num_classes: Characters of the alphabet; the blank comes on top.
            max_length: Longest text, in characters; what bounds it are the time steps.
            step: Columns of the maps, of 4 pixels each, that one time step takes. The published network takes 2, which
                are too few steps for long texts in small pictures.
            dropout: Share of the activations between the attention layers that are dropped while training.
        """
        super().__init__()
        self.backbone = nn.Sequential(
            Stem(48, 96),
            Block(96, squeeze=True),
            Block(96),
            Block(96),
            Narrowing(96, 192),
            Block(192, squeeze=True),
            Block(192),
            Block(192, squeeze=True),
            Block(192),
            Block(192, squeeze=True),
            Block(192),
            Narrowing(192, 384),
            Block(384, squeeze=True),
            Block(384),
        )
        self.head = LineHead(384, 120, num_classes + 1, step, dropout)
        # Nothing normalises between these convolutions; with smaller weights a signal would fade on its way.
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps (B, 384, H / 16, W / 4) of pictures (B, 3, H, W)."""
        return [self.backbone(images)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map normalised pictures (B, 3, H, W) to CTC logits (B, W / (4 * step), num_classes + 1)."""
        return self.head(self.features(images))


class Stem(nn.Module):
    """Two paths at half the size, joined, and a quarter of the size after them."""

    def __init__(self, middle: int, outputs: int) -> None:
        """Build the stem."""
        super().__init__()
        self.first = nn.Conv2d(3, middle, 3, 2, 1)
        self.second = nn.Conv2d(middle, middle // 2, 2)
        self.third = nn.Conv2d(middle // 2, middle, 2)
        self.fourth = nn.Conv2d(2 * middle, middle, 3, 2, 1)
        self.last = nn.Conv2d(middle, outputs, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map pictures (B, 3, H, W) to (B, outputs, H / 4, W / 4)."""
        maps = F.relu(self.first(images))
        path = F.relu(self.second(F.pad(maps, (0, 1, 0, 1))))
        path = F.relu(self.third(F.pad(path, (0, 1, 0, 1))))
        # After a ReLU nothing is below 0, so that zeros change no maximum.
        largest = F.max_pool2d(F.pad(maps, (0, 1, 0, 1)), 2, 1)
        return F.relu(self.last(F.relu(self.fourth(torch.cat([largest, path], dim=1)))))


class Block(nn.Module):
    """A depthwise convolution that mixes places, and two 1x1 convolutions that mix channels, beside an identity."""

    def __init__(self, channels: int, squeeze: bool = False) -> None:
        """Build a block that keeps its channels."""
        super().__init__()
        self.places = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels)
        self.squeeze = SqueezeExcitation(channels) if squeeze else nn.Identity()
        self.channels = mixing(channels, 2 * channels, channels)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Keep the shape (B, C, H, W)."""
        maps = self.squeeze(self.places(maps))
        return maps + self.channels(maps)


class Narrowing(nn.Sequential):
    """A block that halves the height and keeps the width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Build a block without an identity, since its shape changes."""
        super().__init__(nn.Conv2d(inputs, inputs, 3, (2, 1), 1, groups=inputs), *mixing(inputs, outputs, outputs))


def mixing(inputs: int, middle: int, outputs: int) -> nn.Sequential:
    """Return two 1x1 convolutions with a GELU between."""
    return nn.Sequential(nn.Conv2d(inputs, middle, 1), nn.GELU(), nn.Conv2d(middle, outputs, 1))


class SqueezeExcitation(nn.Module):
    """Weigh each channel by what the whole picture has of all (Hu et al. 2018, arXiv:1709.01507)."""

    def __init__(self, channels: int) -> None:
        """Build the two layers."""
        super().__init__()
        self.first = nn.Conv2d(channels, channels // 4, 1)
        self.second = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Keep the shape (B, C, H, W)."""
        share = self.second(F.relu(self.first(maps.mean((2, 3), keepdim=True))))
        return maps * F.hardsigmoid(share)


class LineHead(nn.Module):
    """From maps to CTC logits: the mean over the height, two attention layers beside a shortcut, a linear layer."""

    def __init__(self, inputs: int, channels: int, classes: int, step: int, dropout: float) -> None:
        """Build the head; see :class:`PPOCRRecognizer` for the arguments."""
        super().__init__()
        self.step = step
        self.shortcut = normalised(nn.Conv2d(inputs, channels, 1, bias=False))
        self.reduce = normalised(nn.Conv2d(inputs, channels, 1, bias=False))
        self.beside = normalised(nn.Conv2d(channels, channels, (1, 7), padding=(0, 3), groups=channels, bias=False))
        self.mixing = nn.Sequential(*[AttentionLayer(channels, 8, nn.SiLU, dropout) for _ in range(2)])
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Map features [(B, C, H, W)] to CTC logits (B, W / step, classes)."""
        row = maps[0].mean(dim=2, keepdim=True)
        if self.step > 1:
            row = F.avg_pool2d(row, (1, self.step))
        reduced = self.reduce(row)
        reduced = reduced + self.beside(reduced)
        steps = self.norm(self.mixing(reduced.squeeze(2).transpose(1, 2)))
        return self.classifier(steps + self.shortcut(row).squeeze(2).transpose(1, 2))


def normalised(convolution: nn.Conv2d) -> nn.Sequential:
    """Return a convolution with batch normalisation and SiLU."""
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.SiLU())
