"""How probable given texts are: the confidences of what is read, and in CTC a sum over paths."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.decoding import SCHEMES, class_count, class_probabilities, decode
from captcha_core.errors import AlphabetError
from captcha_core.scoring import character_probabilities

ALPHABET = Alphabet("abc")


def some_logits(scheme: str, batch: int = 3, steps: int = 5) -> np.ndarray:
    return np.random.default_rng(5).normal(0, 3, (batch, steps, class_count(ALPHABET, scheme)))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("constraint", [None, Constraint("ac"), Constraint("ab", 5, 5)])
def test_of_the_text_that_is_read_they_are_its_confidences(scheme: str, constraint: Constraint | None) -> None:
    logits = some_logits(scheme)
    for number, read in enumerate(decode(logits, ALPHABET, scheme, 1.7, constraint=constraint)):
        scored = character_probabilities(logits, read.text, ALPHABET, scheme, 1.7, constraint)
        assert scored.shape == (3, len(read.text))
        assert scored[number] == pytest.approx(read.char_confidences)


def test_in_ctc_it_is_the_share_among_the_texts_that_differ_in_this_character() -> None:
    logits = some_logits("ctc", 1, 4)
    probabilities = class_probabilities(logits, 4, 1.0)[0]

    def worth(text: str) -> float:
        total = 0.0
        for path in product(range(4), repeat=4):
            kept = [c for i, c in enumerate(path) if c < 3 and (i == 0 or path[i - 1] != c)]
            if "".join("abc"[c] for c in kept) == text:
                total += float(np.prod([probabilities[i, c] for i, c in enumerate(path)]))
        return total

    expected = [worth("cab") / sum(worth("cab"[:i] + c + "cab"[i + 1 :]) for c in "abc") for i in range(3)]
    assert character_probabilities(logits, "cab", ALPHABET, "ctc")[0] == pytest.approx(expected)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_the_model_has_no_place_for_has_no_probability(scheme: str) -> None:
    scored = character_probabilities(some_logits(scheme, steps=2), "abca", ALPHABET, scheme)
    assert scored.shape == (3, 4)
    assert not scored[:, 2:].any()
    assert character_probabilities(some_logits(scheme), "", ALPHABET, scheme).shape == (3, 0)


def test_a_character_that_the_alphabet_has_not_is_refused() -> None:
    with pytest.raises(AlphabetError, match="'x'"):
        character_probabilities(some_logits("ctc"), "ax", ALPHABET, "ctc")
