"""Logits to text, with how sure the model is of it.

A decoder takes a batch of logits and an alphabet and returns one :class:`Decoded` per picture.

Under a constraint a text is the most likely one of those that are possible, in the scheme's own sense of "most likely",
and every probability is given that the text is possible. So a text that stays possible is never read less surely for
it, and where the constraint rules out nothing that the model would write, the same text is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from captcha_core import ctc, ctc_lengths, positions
from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.ctc import Floats, Ints
from captcha_core.errors import CaptchaLabError, CheckpointError

SCHEMES = ("positions", "heads", "ctc")
"""How a model writes a text: a class per time step with an end class, a head per character, or CTC."""

IGNORED = -100
"""Target of the places after a text, as torch's cross-entropy ignores it."""

# Below every score of a model, yet a number: where nothing else is possible, a text is still found.
_LOWEST = -1e9


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
    logits: ArrayLike,
    alphabet: Alphabet,
    scheme: str,
    temperature: float = 1.0,
    top_k: int = 3,
    constraint: Constraint | None = None,
) -> list[Decoded]:
    """Read logits by the scheme of the model that made them.

    Args:
        logits: Shape (B, T, classes), as the scheme's own decoder takes it.
        alphabet: The C characters in class order.
        scheme: ``positions``, ``heads`` or ``ctc``: the model's ``scheme``.
        temperature: What the logits are divided by before the softmax; above 1 makes less sure.
        top_k: Most alternatives per character.
        constraint: Which texts are possible; None allows all.

    Returns:
        One entry per picture of the batch, in order.

    Raises:
        CheckpointError: If the logits hold NaN or infinity.
        CaptchaLabError: If the model can write no text that the constraint allows.
        ValueError: If the scheme is unknown, the shape does not fit the alphabet, or the temperature is not above 0.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"the scheme {scheme!r} is none of {', '.join(SCHEMES)}")
    decoders = {"positions": decode_positions, "heads": decode_heads, "ctc": decode_ctc}
    return decoders[scheme](logits, alphabet, temperature, top_k, constraint)


def class_count(alphabet: Alphabet, scheme: str) -> int:
    """Return how many classes a model of this scheme scores: the characters, and the end or the blank."""
    return len(alphabet) + (scheme != "heads")


def decode_positions(
    logits: ArrayLike,
    alphabet: Alphabet,
    temperature: float = 1.0,
    top_k: int = 3,
    constraint: Constraint | None = None,
) -> list[Decoded]:
    """Read the most likely class at each position, up to the first end class.

    The positions are independent given the picture, so the confidence of a text is the product of its
    probabilities, the end class's included: a text that may go on is not sure. A text that never reaches
    its end class takes every position. Temperature scaling follows Guo et al. (2017, arXiv:1706.04599);
    it changes no text.

    Where only some lengths are possible, the text is that of the most likely sequence of classes whose first end
    gives such a length.

    The logits are of shape (B, T, C + 1), where C is the alphabet's length and class C is the end.
    All else is as for :func:`decode`.
    """
    constraint = constraint or Constraint()
    scores = possible_scores(logits, alphabet, "positions", constraint)
    probabilities = position_probabilities(logits, alphabet, temperature, constraint)
    _check_length(constraint, scores.shape[1], constraint.min_length)
    classes = scores[..., :-1].argmax(axis=2)
    lengths = positions.best_lengths(scores, constraint.min_length, constraint.max_length)
    whole = positions.text_probability(probabilities, classes, lengths)
    return _decoded(probabilities[..., :-1], classes, lengths, whole, alphabet, top_k, constraint)


def decode_heads(
    logits: ArrayLike,
    alphabet: Alphabet,
    temperature: float = 1.0,
    top_k: int = 3,
    constraint: Constraint | None = None,
) -> list[Decoded]:
    """Read the most likely character of every head; the text has exactly as many characters as there are heads.

    The logits are of shape (B, T, C), where C is the alphabet's length.
    All else is as for :func:`decode`.
    """
    constraint = constraint or Constraint()
    scores = possible_scores(logits, alphabet, "heads", constraint)
    probabilities = class_probabilities(scores, len(alphabet), temperature)
    heads = scores.shape[1]
    if not constraint.min_length <= heads <= (heads if constraint.max_length is None else constraint.max_length):
        raise CaptchaLabError(
            f"The model writes exactly {heads} characters, and the text shall have {constraint.lengths}. "
            "Leave the length out or take a model for texts of any length."
        )
    classes = scores.argmax(axis=2)
    whole = probabilities.max(axis=2).prod(axis=1)
    return _decoded(probabilities, classes, np.full(len(classes), heads), whole, alphabet, top_k, constraint)


def decode_ctc(
    logits: ArrayLike,
    alphabet: Alphabet,
    temperature: float = 1.0,
    top_k: int = 3,
    constraint: Constraint | None = None,
) -> list[Decoded]:
    """Read the best path of a CTC model: the most likely class per time step, repeats and blanks taken out.

    The confidence of the text is its probability, the sum over all paths that collapse to it; that of a character
    is the share of the text's probability among all texts that differ from it at most in that character. See
    :mod:`captcha_core.ctc`, and :mod:`captcha_core.ctc_lengths` where only some lengths are possible: the best path is
    then that of all whose text has such a length.

    The logits are of shape (B, T, C + 1), where C is the alphabet's length and class C is the blank.
    All else is as for :func:`decode`.
    """
    constraint = constraint or Constraint()
    scores = possible_scores(logits, alphabet, "ctc", constraint)
    probabilities = ctc.without_sure_blanks(class_probabilities(scores, len(alphabet) + 1, temperature))
    shortest, longest = constraint.min_length, constraint.max_length
    if constraint.limits_length:
        # One character alone can only follow itself after a blank.
        alone = sum(constraint.choose(alphabet)) == 1
        _check_length(constraint, scores.shape[1], max(0, 2 * shortest - 1) if alone else shortest)
        probabilities = ctc_lengths.given_lengths(probabilities, shortest, longest)
    classes, lengths = ctc.collapse(ctc_lengths.best_paths(scores, shortest, longest), blank=len(alphabet))
    whole, shares = ctc.replacement_shares(probabilities, classes, lengths)
    return _decoded(shares, classes, lengths, whole, alphabet, top_k, constraint)


def log_confidence(logits: ArrayLike, scheme: str, temperature: float) -> Floats:
    """Return the logarithm of the confidence of every text that :func:`decode` reads, shape (B,)."""
    scores = np.asarray(logits, np.float64)
    probabilities = class_probabilities(scores, scores.shape[2], temperature)
    best, classes = probabilities.max(axis=2), scores.argmax(axis=2)
    if scheme == "ctc":
        texts, lengths = ctc.collapse(classes, blank=scores.shape[2] - 1)
        return np.log(np.maximum(ctc.text_probability(probabilities, texts, lengths), np.finfo(np.float64).tiny))
    logs = np.log(best)
    if scheme == "positions":
        lengths = positions.text_lengths(classes, end=scores.shape[2] - 1)
        logs *= np.arange(best.shape[1]) <= lengths[:, None]
    return np.asarray(logs.sum(axis=1))


def position_probabilities(
    logits: ArrayLike, alphabet: Alphabet, temperature: float = 1.0, constraint: Constraint | None = None
) -> Floats:
    """Return the probability of every class at each position given that the text comes so far and is possible.

    Their product over a text and its end is the text's confidence. Arguments and errors are those of
    :func:`decode_positions`; the shape is that of the logits.
    """
    constraint = constraint or Constraint()
    scores = possible_scores(logits, alphabet, "positions", constraint)
    probabilities = class_probabilities(scores, len(alphabet) + 1, temperature)
    if not constraint.limits_length:
        return probabilities
    return positions.given_lengths(probabilities, constraint.min_length, constraint.max_length)


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


def possible_scores(logits: ArrayLike, alphabet: Alphabet, scheme: str, constraint: Constraint) -> Floats:
    """Return logits in float64, with minus infinity for the characters that may not stand in the text.

    Put before the softmax, this leaves all probability to the other classes; the end or the blank always stays. Where
    case is ignored, the character that is written for several has the probability of all of them.
    """
    scores = np.asarray(logits, np.float64)
    if constraint == Constraint():
        return scores
    if constraint.ignore_case:
        scores = _joined(scores, constraint.written_as(alphabet))
    possible = np.ones(class_count(alphabet, scheme), np.bool_)
    possible[: len(alphabet)] = constraint.choose(alphabet)
    # NaN and infinity stay, to be found.
    return np.where(possible | ~(scores < np.inf), np.maximum(scores, _LOWEST), -np.inf)


def _joined(scores: Floats, written_as: list[int]) -> Floats:
    """Return scores in which a class that others are written as has the logarithm of the sum of their exponentials."""
    joined = scores.copy()
    for place in {place for i, place in enumerate(written_as) if place != i}:
        members = [i for i, other in enumerate(written_as) if other == place]
        with np.errstate(invalid="ignore"):
            joined[..., place] = np.logaddexp.reduce(scores[..., members], axis=-1)
    return joined


def _check_length(constraint: Constraint, steps: int, needed: int) -> None:
    """Refuse a text that needs more time steps than there are.

    Raises:
        CaptchaLabError: If it does.
    """
    if needed > steps:
        raise CaptchaLabError(
            f"The model has {steps} time steps for this picture, too few for {constraint.lengths}, which need "
            f"{needed}. Allow shorter texts or take a model that writes longer ones."
        )


def _decoded(
    probabilities: Floats,
    classes: Ints,
    lengths: Ints,
    whole: Floats,
    alphabet: Alphabet,
    top_k: int,
    constraint: Constraint,
) -> list[Decoded]:
    """Put together what was read.

    Args:
        probabilities: Of the characters at each position, (B, T, C).
        classes: The characters that were read, (B, T); what comes after a text's length does not count.
        lengths: Characters of each text, (B,).
        whole: Confidence of each text, (B,).
        alphabet: The C characters.
        top_k: Most alternatives per character.
        constraint: Which characters can be alternatives.
    """
    best = np.take_along_axis(probabilities, classes[..., None], axis=2)[..., 0]
    others, other_classes = _alternatives(probabilities, classes, np.array(constraint.choose(alphabet)), top_k)
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


def _alternatives(probabilities: Floats, classes: Ints, possible: NDArray[np.bool_], top_k: int) -> tuple[Floats, Ints]:
    """Return the next best possible characters' probabilities and classes, each of shape (B, T, at most top_k)."""
    others = np.where(possible, probabilities, -1.0)
    np.put_along_axis(others, classes[..., None], -1.0, axis=2)
    order = np.argsort(-others, axis=2, kind="stable")[..., : min(top_k, possible.sum() - 1)]
    return np.take_along_axis(others, order, axis=2), order
