"""Attention over a few dozen time steps."""

from __future__ import annotations

import torch
from torch import nn


class AttentionLayer(nn.Module):
    """A transformer layer over the time steps (Vaswani et al. 2017), normalised before."""

    def __init__(self, channels: int, heads: int, activation: type[nn.Module], dropout: float) -> None:
        """Build a layer that keeps its channels, a multiple of ``heads``; dropout is on both of its branches."""
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), activation(), nn.Linear(2 * channels, channels))
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        """Keep the shape (B, T, C)."""
        batch, length, channels = steps.shape
        qkv = self.qkv(self.attention_norm(steps)).view(batch, length, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = attend(query, key, value).transpose(1, 2).reshape(batch, length, channels)
        steps = steps + self.dropout(self.project(mixed))
        return steps + self.dropout(self.mlp(self.norm(steps)))


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return scaled dot-product attention of tensors (B, heads, T, channels), in their shape.

    PyTorch's own saves memory, which long sequences need; over the few dozen steps of a captcha its gradients take
    longer on a CPU than these two products' do.
    """
    share = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    return share.softmax(dim=-1) @ value
