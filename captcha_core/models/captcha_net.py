"""CaptchaNet, our own design: dense residual stages, learned pooling of the height, two mixing layers, CTC and queries.

What it takes from where: plain 3x3 residual blocks (He et al. 2016, arXiv:1512.03385), which run well on CPUs; late
strides of (2, 1), so that a time step stays four pixels wide (Shi et al. 2016, arXiv:1507.05717); two transformer
layers with positions from a depthwise convolution, which serve any width (Chu et al. 2021, arXiv:2102.10882); CTC
(Graves et al. 2006); beside it a decoder of position queries (Yu et al. 2020, arXiv:2003.12294; Bautista and Atienza
2022, arXiv:2207.06966), which learns from the same features and gives a second opinion.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from captcha_core.models.attention import AttentionLayer
from captcha_core.models.registry import register_model


@register_model("captcha-net")
class CaptchaNet(nn.Module):
    """A small dense recogniser for pictures of any width.

    Attributes:
        scheme: How its logits are read.
        second_scheme: How the logits of its second opinion are read.
        max_length: Longest text that the queries can write, in characters; the time steps limit CTC.
        backbone: The convolutions.
        head: The rest.
    """

    scheme = "ctc"
    second_scheme = "positions"

    def __init__(
        self,
        num_classes: int = 62,
        max_length: int = 12,
        width: int = 64,
        last: int = 192,
        depth: int = 2,
        dropout: float = 0.1,
    ) -> None:
        """Build the model.

        Args:
            num_classes: Characters of the alphabet; the blank comes on top.
            max_length: Longest text of the queries, in characters.
            width: Channels of the first stage; the stem has half of them, the second stage twice as many.
            last: Channels of the third stage and of the head.
            depth: Residual blocks in the second and third stage; the first has one.
            dropout: Share of the activations of the head that are dropped while training.
        """
        super().__init__()
        self.max_length = max_length
        self.backbone = nn.Sequential(
            # A third of the rows: 48 of them are then no more work than 32, and the time steps stay as many.
            convolution(3, width // 2, (3, 2), (5, 3)),
            convolution(width // 2, width, 2),
            Residual(width),
            convolution(width, 2 * width, (2, 1)),
            *[Residual(2 * width) for _ in range(depth)],
            convolution(2 * width, last, (2, 1)),
            *[Residual(last) for _ in range(depth)],
        )
        self.head = CaptchaHead(last, num_classes + 1, max_length, dropout)

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps (B, C, H / 24, W / 4) of pictures (B, 3, H, W)."""
        return [self.backbone(images)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map normalised pictures (B, 3, H, W) to CTC logits (B, W / 4, num_classes + 1)."""
        return self.head(self.features(images))

    def both(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the CTC logits, and the queries' (B, max_length + 1, num_classes + 1), whose last class is the end."""
        steps = self.head.steps(self.features(images))
        return self.head.classifier(steps), self.head.queries(steps)


def convolution(
    inputs: int, outputs: int, stride: int | tuple[int, int] = 1, kernel: int | tuple[int, int] = 3
) -> nn.Sequential:
    """Return a convolution with batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two 3x3 convolutions beside an identity."""

    def __init__(self, channels: int) -> None:
        """Build a block that keeps its channels."""
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Keep the shape (B, C, H, W)."""
        return F.relu(maps + self.second(self.first(maps)))


class CaptchaHead(nn.Module):
    """From maps to the logits of CTC and of the queries."""

    def __init__(self, channels: int, classes: int, max_length: int, dropout: float) -> None:
        """Build the head; see :class:`CaptchaNet` for the arguments."""
        super().__init__()
        self.pool = nn.Conv2d(channels, 1, 1)
        self.mixing = nn.Sequential(*[Mixing(channels, dropout) for _ in range(2)])
        self.norm = nn.LayerNorm(channels)
        self.classifier = nn.Linear(channels, classes)
        self.queries = Queries(channels, classes, max_length + 1, dropout)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Map features [(B, C, H, W)] to CTC logits (B, W, classes)."""
        return self.classifier(self.steps(maps))

    def steps(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Return the time steps (B, W, C) of features [(B, C, H, W)]; a column is a learned mean of its rows."""
        share = self.pool(maps[0]).softmax(dim=2)
        columns = (maps[0] * share).sum(dim=2).transpose(1, 2)
        return self.norm(self.mixing(columns))


class Mixing(AttentionLayer):
    """A layer of attention that a depthwise convolution before it tells where the time steps stand."""

    def __init__(self, channels: int, dropout: float) -> None:
        """Build a layer that keeps its channels."""
        super().__init__(channels, 4, nn.GELU, dropout)
        self.place = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)

    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        """Keep the shape (B, T, C)."""
        return super().forward(steps + self.place(steps.transpose(1, 2)).transpose(1, 2))


class Queries(nn.Module):
    """One learned query per position of the text, which looks for its character among the time steps."""

    heads = 4

    def __init__(self, channels: int, classes: int, positions: int, dropout: float) -> None:
        """Build the decoder; ``positions`` is one more than the longest text, for the end."""
        super().__init__()
        self.positions = nn.Parameter(torch.randn(1, positions, channels) * 0.02)
        self.between = nn.MultiheadAttention(channels, self.heads, dropout, batch_first=True)
        self.between_norm = nn.LayerNorm(channels)
        self.across = nn.MultiheadAttention(channels, self.heads, dropout, batch_first=True)
        self.across_norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))
        self.norm = nn.LayerNorm(channels)
        self.place = nn.Conv1d(channels, channels, 15, padding=7, groups=channels)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        """Map time steps (B, T, C) to logits (B, positions, classes)."""
        keys = steps + self.place(steps.transpose(1, 2)).transpose(1, 2)
        # Not len(), which would fix the batch in an exported network.
        queries = self.positions.expand(steps.shape[0], -1, -1)
        found = queries + self.across(queries, keys, steps, need_weights=False)[0]
        normed = self.between_norm(found)
        found = found + self.between(normed, normed, normed, need_weights=False)[0]
        found = found + self.across(self.across_norm(found), keys, steps, need_weights=False)[0]
        return self.classifier(found + self.mlp(self.norm(found)))
