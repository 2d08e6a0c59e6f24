import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.alphabet import Alphabet
from captcha_core.errors import CaptchaLabError
from captcha_core.generator import generate_random_string


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 6))
def test_length_and_characters_stay_in_range(seed: int, shortest: int, more: int) -> None:
    text = generate_random_string(Alphabet("ab7"), shortest, shortest + more, random.Random(seed))
    assert shortest <= len(text) <= shortest + more
    assert set(text) <= set("ab7")


def test_every_length_and_character_occurs() -> None:
    rng = random.Random(0)
    texts = [generate_random_string(Alphabet("abc"), 2, 4, rng) for _ in range(200)]
    assert {len(t) for t in texts} == {2, 3, 4}
    assert set("".join(texts)) == set("abc")


@pytest.mark.parametrize(("low", "high"), [(0, 3), (4, 3)])
def test_an_empty_range_is_refused(low: int, high: int) -> None:
    with pytest.raises(CaptchaLabError, match=f"{low}..{high}"):
        generate_random_string(Alphabet("ab"), low, high, random.Random(0))
