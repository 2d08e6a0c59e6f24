"""Logits to text, with how sure the model is of it.

A decoder takes a batch of logits and an alphabet and returns one :class:`Decoded` per picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from captcha_core.alphabet import Alphabet
from captcha_core.errors import CheckpointError


@dataclass(frozen=True)
class Decoded:
    """What a decoder read in the logits of one picture.

    Attributes:
        text: The text.
        confidence: Probability, in 0..1, that the whole text is right.
        char_confidences: One probability per character of ``text``.
        alternatives: Per character of ``text``, other characters with their probability, most likely first.
    """

    text: str
    confidence: float
    char_confidences: tuple[float, ...]
    alternatives: tuple[tuple[tuple[str, float], ...], ...]


def decode_positions(
    logits: torch.Tensor, alphabet: Alphabet, temperature: float = 1.0, top_k: int = 3
) -> list[Decoded]:
    """Read the most likely class at each position, up to the first end class.

    The positions are independent given the picture, so the confidence of a text is the product of its
    probabilities, the end class's included: a text that may go on is not sure. A text that never reaches
    its end class takes every position. Temperature scaling follows Guo et al. (2017, arXiv:1706.04599);
    it changes no text.

    Args:
        logits: Shape (B, T, C + 1), where C is the alphabet's length and class C is the end.
        alphabet: The characters in class order.
        temperature: What the logits are divided by before the softmax; above 1 makes less sure.
        top_k: Most alternatives per character.

    Returns:
        One entry per picture of the batch, in order.

    Raises:
        CheckpointError: If the logits hold NaN or infinity.
        ValueError: If the shape does not fit the alphabet or the temperature is not above 0.
    """
    if temperature <= 0:
        raise ValueError(f"temperature={temperature} must be above 0")
    if logits.dim() != 3 or logits.shape[1] < 1 or logits.shape[2] != len(alphabet) + 1:
        raise ValueError(f"logits of shape {tuple(logits.shape)} do not fit (B, T, {len(alphabet) + 1})")
    probabilities = _softmax(logits, temperature)
    best, classes = probabilities.max(dim=-1)
    lengths = text_lengths(classes, end=len(alphabet))
    last = lengths.clamp(max=classes.shape[1] - 1)
    whole = best.cumprod(dim=1).gather(1, last[:, None])[:, 0]
    others, other_classes = _alternatives(probabilities, classes, min(top_k, len(alphabet) - 1))
    decoded = []
    for i, length in enumerate(lengths.tolist()):
        pairs = zip(others[i, :length].tolist(), other_classes[i, :length].tolist(), strict=True)
        decoded.append(
            Decoded(
                text=alphabet.decode(classes[i, :length].tolist()),
                confidence=float(whole[i]),
                char_confidences=tuple(best[i, :length].tolist()),
                alternatives=tuple(
                    tuple((alphabet.symbols[c], p) for p, c in zip(*position, strict=True)) for position in pairs
                ),
            )
        )
    return decoded


def text_lengths(classes: torch.Tensor, end: int) -> torch.Tensor:
    """Return the number of positions before the first end class, shape (B,), of classes of shape (B, T)."""
    return (classes == end).long().cumsum(dim=1).eq(0).sum(dim=1)


def _softmax(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return float64 probabilities on the CPU, so that long products lose nothing."""
    probabilities = (logits.detach().to("cpu", torch.float64) / temperature).softmax(dim=-1)
    if probabilities.isnan().any():
        raise CheckpointError(
            "The model's answer holds NaN or infinity instead of scores: its weights are damaged or its training "
            "diverged. Take a fresh copy of the checkpoint or train again with a lower learning rate."
        )
    return probabilities


def _alternatives(probabilities: torch.Tensor, classes: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the next best characters' probabilities and classes, each of shape (B, T, count)."""
    others = probabilities[..., :-1].clone()
    # A position whose best is the end has no entry to strike out; it is not part of the text anyway.
    others.scatter_(-1, classes.clamp(max=others.shape[-1] - 1)[..., None], -1.0)
    best = others.topk(max(count, 0), dim=-1)
    return best.values, best.indices
