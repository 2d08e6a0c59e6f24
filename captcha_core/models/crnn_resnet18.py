"""ResNet18 features read by two GRU layers (recipe ``crnn-resnet18``)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name
from torch import nn

from captcha_core.models.registry import register_model
from captcha_core.models.resnet import BasicBlock, ResNet


@register_model("crnn-resnet18")
class CRNNResNet18(nn.Module):
    """ResNet18 up to its third stage, one more convolution, two bidirectional GRU layers, a linear layer, CTC.

    A CRNN (Shi et al. 2017, arXiv:1507.05717) with a residual backbone, in the form that is common for
    captchas: features at stride 16, so a picture of 400 x 50 pixels gives 22 time steps.

    Attributes:
        scheme: How its logits are read.
        max_length: Longest text that it is trained for, in characters; the time steps set the limit.
        backbone: ResNet18's first three stages.
        head: The rest.
    """

    scheme = "ctc"

    def __init__(self, num_classes: int = 36, max_length: int = 8, hidden: int = 256, dropout: float = 0.1) -> None:
        """Build the model.

        Args:
            num_classes: Characters of the alphabet; the blank comes on top.
            max_length: Longest text, in characters.
            hidden: Width of the GRU layers.
            dropout: Share of the activations dropped before each GRU while training.
        """
        super().__init__()
        self.max_length = max_length
        self.backbone = ResNet(BasicBlock, (2, 2, 2))
        self.head = GRUHead(self.backbone.channels, num_classes + 1, hidden, dropout)

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps (B, 256, H / 16, W / 16) of pictures (B, 1, H, W)."""
        return [self.backbone(images)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map normalised pictures (B, 1, H, W) to logits (B, W / 16 - 3, num_classes + 1)."""
        return self.head(self.features(images))


class GRUHead(nn.Module):
    """A convolution, two bidirectional GRU layers over the columns, and a linear layer.

    The directions of the first GRU are added, those of the second laid side by side. ``rows`` of the maps go into
    each column; other heights are averaged to it.
    """

    rows = 4

    def __init__(self, channels: int, classes: int, hidden: int, dropout: float) -> None:
        """Build the head; see :class:`CRNNResNet18` for the arguments."""
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, (3, 6), padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.project = nn.Linear(channels * self.rows, hidden)
        self.first = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)
        self.second = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(2 * hidden, classes)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Map features [(B, C, H, W)] to logits (B, W - 3, classes)."""
        features = F.relu(self.norm(self.convolution(maps[0])))
        if features.shape[2] != self.rows:
            features = F.adaptive_avg_pool2d(features, (self.rows, features.shape[3]))
        steps = self.project(features.permute(0, 3, 1, 2).flatten(2))
        both = self.first(self.dropout(steps))[0]
        forward, backward = both.chunk(2, dim=2)
        return self.classifier(self.second(self.dropout(forward + backward))[0])
