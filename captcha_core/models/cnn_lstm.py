"""Two convolutions and an LSTM (recipe ``cnn-lstm``)."""

from __future__ import annotations

import torch
from torch import nn

from captcha_core.models.registry import register_model


@register_model("cnn-lstm")
class CNNLSTM(nn.Module):
    """Two convolutions with max pooling, a bidirectional LSTM over the columns, a linear layer, CTC.

    The smallest design that reads texts of any length; Graves et al. (2009) with convolutions in place of the lower
    recurrent layers. A picture of 160 x 60 pixels gives 40 time steps.

    Attributes:
        scheme: How its logits are read.
        max_length: Longest text that it is trained for, in characters; the time steps set the limit.
        backbone: The convolutions.
        head: LSTM and linear layer.
    """

    scheme = "ctc"

    def __init__(
        self, num_classes: int = 36, max_length: int = 8, height: int = 60, width: int = 64, hidden: int = 256
    ) -> None:
        """Build the model.

        Args:
            num_classes: Characters of the alphabet; the blank comes on top.
            max_length: Longest text, in characters.
            height: Of the pictures, in pixels.
            width: Channels of the second convolution; the first has half of them.
            hidden: Width of the LSTM, in each direction.
        """
        super().__init__()
        self.max_length = max_length
        self.backbone = nn.Sequential(
            nn.Conv2d(1, width // 2, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(width // 2, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.head = LSTMHead(width * (height // 4), num_classes + 1, hidden)

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps (B, width, H / 4, W / 4) of pictures (B, 1, H, W)."""
        return [self.backbone(images)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map normalised pictures (B, 1, height, W) to logits (B, W / 4, num_classes + 1)."""
        return self.head(self.features(images))


class LSTMHead(nn.Module):
    """A bidirectional LSTM over columns and a linear layer."""

    def __init__(self, inputs: int, classes: int, hidden: int) -> None:
        """Build the head for columns of ``inputs`` values."""
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, bidirectional=True, batch_first=True)
        self.classifier = nn.Linear(2 * hidden, classes)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Map features [(B, C, H, W)] to logits (B, W, classes)."""
        return self.classifier(self.lstm(maps[0].permute(0, 3, 1, 2).flatten(2))[0])
