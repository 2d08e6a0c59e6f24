"""ResNet50 with one classifier per character (recipe ``resnet50-heads``)."""

from __future__ import annotations

import torch
from torch import nn

from captcha_core.models.registry import register_model
from captcha_core.models.resnet import Bottleneck, ResNet


@register_model("resnet50-heads")
class ResNet50Heads(nn.Module):
    """A ResNet50 for one grey channel, whose last maps feed as many parallel classifiers as the text has characters.

    The usual design for captchas of a fixed length (Goodfellow et al. 2013, arXiv:1312.6082, without its length
    classifier). The maps are averaged over the height alone and their columns laid side by side, so that a
    classifier can tell where in the picture something stands.

    Attributes:
        scheme: How its logits are read.
        max_length: Characters of every text.
        backbone: The residual network.
        head: The classifiers.
    """

    scheme = "heads"

    def __init__(self, num_classes: int = 36, max_length: int = 6, columns: int = 8) -> None:
        """Build the model.

        Args:
            num_classes: Characters of the alphabet.
            max_length: Characters of every text.
            columns: What the maps' width is averaged to; at 250 pixels it is 8 anyway.
        """
        super().__init__()
        self.max_length = max_length
        self.backbone = ResNet(Bottleneck, (3, 4, 6, 3))
        self.head = ParallelHeads(self.backbone.channels, num_classes, max_length, columns)

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the last maps (B, 2048, H / 32, W / 32) of pictures (B, 1, H, W)."""
        return [self.backbone(images)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map normalised pictures (B, 1, H, W) to logits (B, max_length, num_classes)."""
        return self.head(self.features(images))


class ParallelHeads(nn.Module):
    """One linear classifier per character, all over the same features."""

    def __init__(self, channels: int, num_classes: int, heads: int, columns: int) -> None:
        """Build ``heads`` classifiers over maps of so many channels."""
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d((1, columns))
        self.classifiers = nn.ModuleList(nn.Linear(channels * columns, num_classes) for _ in range(heads))

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Map features [(B, C, H, W)] to logits (B, heads, classes)."""
        features = self.pool(maps[0]).flatten(1)
        return torch.stack([classifier(features) for classifier in self.classifiers], dim=1)
