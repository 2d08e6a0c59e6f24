"""The CRNN of Shi et al. (recipe ``crnn-clahe``)."""

from __future__ import annotations

import torch
from torch import nn

from captcha_core.models.registry import register_model


@register_model("crnn")
class CRNN(nn.Module):
    """Seven VGG-like convolutions, two bidirectional LSTM layers, CTC.

    Shi, Bai and Yao (2017, arXiv:1507.05717), table 1, with batch normalisation after every convolution (the paper
    has it after the last four) and its last convolution as tall as what is left of a picture of 50 pixels. At 200
    pixels there are 49 time steps.

    Attributes:
        scheme: How its logits are read.
        max_length: Longest text that it is trained for, in characters; the time steps set the limit.
        backbone: The convolutions.
        head: The LSTM layers and the linear layer.
    """

    scheme = "ctc"

    def __init__(self, num_classes: int = 62, max_length: int = 8, hidden: int = 256, dropout: float = 0.2) -> None:
        """Build the model.

        Args:
            num_classes: Characters of the alphabet; the blank comes on top.
            max_length: Longest text, in characters.
            hidden: Width of the LSTM layers, in each direction.
            dropout: Share of the activations dropped before each LSTM layer while training.
        """
        super().__init__()
        self.max_length = max_length
        self.backbone = nn.Sequential(
            *_convolution(1, 64),
            nn.MaxPool2d(2),
            *_convolution(64, 128),
            nn.MaxPool2d(2),
            *_convolution(128, 256),
            *_convolution(256, 256),
            nn.MaxPool2d((2, 1)),
            *_convolution(256, 512),
            *_convolution(512, 512),
            nn.MaxPool2d((2, 1)),
            *_convolution(512, 512, (3, 2), 0),
        )
        self.head = BiLSTMHead(512, num_classes + 1, hidden, dropout)

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps (B, 512, H / 16 - 2, W / 4 - 1) of pictures (B, 1, H, W)."""
        return [self.backbone(images)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map normalised pictures (B, 1, H, W) to logits (B, W / 4 - 1, num_classes + 1)."""
        return self.head(self.features(images))


class BiLSTMHead(nn.Module):
    """Two bidirectional LSTM layers over the columns and a linear layer; what height is left is averaged."""

    def __init__(self, channels: int, classes: int, hidden: int, dropout: float) -> None:
        """Build the head; see :class:`CRNN` for the arguments."""
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(channels, hidden, 2, bidirectional=True, batch_first=True, dropout=dropout)
        self.classifier = nn.Linear(2 * hidden, classes)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Map features [(B, C, H, W)] to logits (B, W, classes)."""
        return self.classifier(self.lstm(self.dropout(maps[0].mean(dim=2).transpose(1, 2)))[0])


def _convolution(inputs: int, outputs: int, kernel: int | tuple[int, int] = 3, padding: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
