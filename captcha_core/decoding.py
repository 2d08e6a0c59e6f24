"""Logits to text, with how sure the model is of it.

A decoder takes a batch of logits and an alphabet and returns one :class:`Decoded` per picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from captcha_core.alphabet import Alphabet
from captcha_core.ctc import Floats, Ints, collapse, replacement_shares, text_probability
from captcha_core.errors import CheckpointError

SCHEMES = ("positions", "heads", "ctc")
"""How a model writes a text: a class per time step with an end class, a head per character, or CTC."""

IGNORED = -100
"""Target of the places after a text, as torch's cross-entropy ignores it."""


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


def decode(
    logits: ArrayLike, alphabet: Alphabet, scheme: str, temperature: float = 1.0, top_k: int = 3
) -> list[Decoded]:
    """Read logits by the scheme of the model that made them.

    Args:
        logits: Shape (B, T, classes), as the scheme's own decoder takes it.
        alphabet: The C characters in class order.
        scheme: ``positions``, ``heads`` or ``ctc``: the model's ``scheme``.
        temperature: What the logits are divided by before the softmax; above 1 makes less sure.
        top_k: Most alternatives per character.

    Returns:
        One entry per picture of the batch, in order.

    Raises:
        CheckpointError: If the logits hold NaN or infinity.
        ValueError: If the scheme is unknown, the shape does not fit the alphabet, or the temperature is not above 0.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"the scheme {scheme!r} is none of {', '.join(SCHEMES)}")
    decoders = {"positions": decode_positions, "heads": decode_heads, "ctc": decode_ctc}
    return decoders[scheme](logits, alphabet, temperature, top_k)


def class_count(alphabet: Alphabet, scheme: str) -> int:
    """Return how many classes a model of this scheme scores: the characters, and the end or the blank."""
    return len(alphabet) + (scheme != "heads")


def decode_positions(logits: ArrayLike, alphabet: Alphabet, temperature: float = 1.0, top_k: int = 3) -> list[Decoded]:
    """Read the most likely class at each position, up to the first end class.

    The positions are independent given the picture, so the confidence of a text is the product of its
    probabilities, the end class's included: a text that may go on is not sure. A text that never reaches
    its end class takes every position. Temperature scaling follows Guo et al. (2017, arXiv:1706.04599);
    it changes no text.

    The logits are of shape (B, T, C + 1), where C is the alphabet's length and class C is the end.
    All else is as for :func:`decode`.
    """
    probabilities = class_probabilities(logits, len(alphabet) + 1, temperature)
    best, classes = probabilities.max(axis=2), probabilities.argmax(axis=2)
    lengths = text_lengths(classes, end=len(alphabet))
    last = np.minimum(lengths, classes.shape[1] - 1)
    whole = np.take_along_axis(best.cumprod(axis=1), last[:, None], axis=1)[:, 0]
    return _decoded(probabilities[..., :-1], best, classes, lengths, whole, alphabet, top_k)


def decode_heads(logits: ArrayLike, alphabet: Alphabet, temperature: float = 1.0, top_k: int = 3) -> list[Decoded]:
    """Read the most likely character of every head; the text has exactly as many characters as there are heads.

    The logits are of shape (B, T, C), where C is the alphabet's length.
    All else is as for :func:`decode`.
    """
    probabilities = class_probabilities(logits, len(alphabet), temperature)
    best, classes = probabilities.max(axis=2), probabilities.argmax(axis=2)
    lengths = np.full(len(classes), classes.shape[1])
    return _decoded(probabilities, best, classes, lengths, best.prod(axis=1), alphabet, top_k)


def decode_ctc(logits: ArrayLike, alphabet: Alphabet, temperature: float = 1.0, top_k: int = 3) -> list[Decoded]:
    """Read the best path of a CTC model: the most likely class per time step, repeats and blanks taken out.

    The confidence of the text is its probability, the sum over all paths that collapse to it; that of a character
    is the share of the text's probability among all texts that differ from it at most in that character. See
    :mod:`captcha_core.ctc`.

    The logits are of shape (B, T, C + 1), where C is the alphabet's length and class C is the blank.
    All else is as for :func:`decode`.
    """
    probabilities = class_probabilities(logits, len(alphabet) + 1, temperature)
    classes, lengths = collapse(probabilities.argmax(axis=2), blank=len(alphabet))
    whole, shares = replacement_shares(probabilities, classes, lengths)
    own = np.take_along_axis(shares, classes[..., None], axis=2)[..., 0]
    return _decoded(shares, own, classes, lengths, whole, alphabet, top_k)


def log_confidence(logits: ArrayLike, scheme: str, temperature: float) -> Floats:
    """Return the logarithm of the confidence of every text that :func:`decode` reads, shape (B,)."""
    scores = np.asarray(logits)
    probabilities = class_probabilities(scores, scores.shape[2], temperature)
    best, classes = probabilities.max(axis=2), probabilities.argmax(axis=2)
    if scheme == "ctc":
        texts, lengths = collapse(classes, blank=scores.shape[2] - 1)
        return np.log(np.maximum(text_probability(probabilities, texts, lengths), np.finfo(np.float64).tiny))
    logs = np.log(best)
    if scheme == "positions":
        lengths = text_lengths(classes, end=scores.shape[2] - 1)
        logs *= np.arange(best.shape[1]) <= lengths[:, None]
    return np.asarray(logs.sum(axis=1))


def class_probabilities(logits: ArrayLike, classes: int, temperature: float) -> Floats:
    """Return the softmax in float64, so that long products lose nothing.

    Raises:
        CheckpointError: If the logits hold NaN or infinity.
        ValueError: If they are not of shape (B, T, classes), or the temperature is not above 0.
    """
    if temperature <= 0:
        raise ValueError(f"temperature={temperature} must be above 0")
    scores = np.asarray(logits, np.float64)
    if scores.ndim != 3 or scores.shape[1] < 1 or scores.shape[2] != classes:
        raise ValueError(f"logits of shape {scores.shape} do not fit (B, T, {classes})")
    with np.errstate(invalid="ignore"):
        weights = np.exp((scores - scores.max(axis=2, keepdims=True)) / temperature)
    if np.isnan(weights).any():
        raise CheckpointError(
            "The model's answer holds NaN or infinity instead of scores: its weights are damaged or its training "
            "diverged. Take a fresh copy of the checkpoint or train again with a lower learning rate."
        )
    return np.asarray(weights / weights.sum(axis=2, keepdims=True))


def text_lengths(classes: Ints, end: int) -> Ints:
    """Return the number of positions before the first end class, shape (B,), of classes of shape (B, T)."""
    return np.asarray(((classes == end).cumsum(axis=1) == 0).sum(axis=1))


def _decoded(
    probabilities: Floats,
    best: Floats,
    classes: Ints,
    lengths: Ints,
    whole: Floats,
    alphabet: Alphabet,
    top_k: int,
) -> list[Decoded]:
    """Put together what was read.

    Args:
        probabilities: Of the characters at each position, (B, T, C).
        best: Of the character that was read, (B, T).
        classes: What was read, (B, T); what comes after a text's length does not count.
        lengths: Characters of each text, (B,).
        whole: Confidence of each text, (B,).
        alphabet: The C characters.
        top_k: Most alternatives per character.
    """
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


def _alternatives(probabilities: Floats, classes: Ints, count: int) -> tuple[Floats, Ints]:
    """Return the next best characters' probabilities and classes, each of shape (B, T, count)."""
    others = probabilities.copy()
    # A position whose best is the end has no entry to strike out; it is not part of the text anyway.
    own = np.minimum(classes, others.shape[2] - 1)[..., None]
    np.put_along_axis(others, own, -1.0, axis=2)
    order = np.argsort(-others, axis=2, kind="stable")[..., : max(count, 0)]
    return np.take_along_axis(others, order, axis=2), order
