"""How probable the characters of a given text are in a picture, whatever text a model would read there."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from captcha_core import ctc
from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.ctc import Floats
from captcha_core.decoding import class_probabilities, position_probabilities, possible_scores


def character_probabilities(
    logits: ArrayLike,
    text: str,
    alphabet: Alphabet,
    scheme: str,
    temperature: float = 1.0,
    constraint: Constraint | None = None,
) -> Floats:
    """Return the probability of each character of a text at its place, shape (B, characters of the text).

    Of the text that :func:`captcha_core.decoding.decode` reads, these are the confidences of its characters. Where the
    model has no such place, the probability is 0.

    Args:
        logits: Shape (B, T, classes), of B pictures.
        text: Is scored in every picture.
        alphabet: The characters in class order.
        scheme: The model's, as for ``decode``.
        temperature: As for ``decode``.
        constraint: As for ``decode``; the text is one that it allows, in any case where it ignores that.

    Raises:
        AlphabetError: If the text has characters that the alphabet has not.
        CheckpointError: If the logits hold NaN or infinity.
    """
    constraint = constraint or Constraint()
    written_as = constraint.written_as(alphabet)
    classes = np.array([written_as[c] for c in alphabet.encode(text)], np.int64)
    scores = np.asarray(logits)
    texts = np.tile(classes, (len(scores), 1))
    if scheme == "positions":
        places = position_probabilities(scores, alphabet, temperature, constraint)
    else:
        possible = possible_scores(scores, alphabet, scheme, constraint)
        places = class_probabilities(possible, scores.shape[2], temperature)
    if scheme == "ctc":
        # Which lengths are possible changes no share.
        places = ctc.replacement_shares(ctc.without_sure_blanks(places), texts, np.full(len(texts), len(text)))[1]
    found = np.zeros(texts.shape)
    count = min(len(text), places.shape[1])
    found[:, :count] = np.take_along_axis(places[:, :count], texts[:, :count, None], axis=2)[..., 0]
    return found
