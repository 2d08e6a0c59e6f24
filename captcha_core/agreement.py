"""One confidence from two opinions on a text.

A model may read a picture twice, by CTC and by a class per position (see :mod:`captcha_core.models.captcha_net`). The
two err in different ways, so a text that both find probable is surer than either says of it, and one that only the
first finds probable is less sure. The geometric mean of their probabilities (a logarithmic opinion pool of equal
weights; Genest and Zidek 1986) is low as soon as one of them is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from captcha_core import positions
from captcha_core.alphabet import Alphabet
from captcha_core.ctc import Floats, Ints
from captcha_core.decoding import Decoded


def agreed(first: Decoded, second_probabilities: Floats, alphabet: Alphabet) -> Decoded:
    """Return the first opinion's text with confidences that are the geometric means of both.

    What is beyond the second opinion's positions has no probability in it.

    Args:
        first: What was read.
        second_probabilities: Of every class at each position, (positions, C + 1); class C is the end. See
            :func:`captcha_core.decoding.position_probabilities`.
        alphabet: The C characters in class order.
    """
    texts, lengths = position_classes([first.text], alphabet, len(second_probabilities))
    whole = positions.text_probability(second_probabilities[None], texts, lengths)[0]
    at = np.zeros((len(first.text), len(alphabet)))
    at[: len(second_probabilities)] = second_probabilities[: len(first.text), :-1]

    def both(place: int, character: str, probability: float) -> float:
        return math.sqrt(probability * at[place, alphabet.symbols.index(character)])

    own = zip(first.text, first.char_confidences, strict=True)
    others = [[(c, both(i, c, p)) for c, p in choices] for i, choices in enumerate(first.alternatives)]
    return Decoded(
        text=first.text,
        confidence=math.sqrt(first.confidence * whole),
        char_confidences=tuple(both(i, c, p) for i, (c, p) in enumerate(own)),
        alternatives=tuple(tuple(sorted(choices, key=lambda choice: -choice[1])) for choices in others),
    )


def position_classes(texts: Sequence[str], alphabet: Alphabet, count: int) -> tuple[Ints, Ints]:
    """Return texts as classes of the first ``count`` positions, (B, count), padded with 0, and their lengths, (B,)."""
    classes = np.zeros((len(texts), count), np.int64)
    for row, text in zip(classes, texts, strict=True):
        row[: len(text)] = alphabet.encode(text[:count])
    return classes, np.array([len(text) for text in texts], np.int64)
