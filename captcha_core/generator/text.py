"""Random strings for captchas."""

from __future__ import annotations

import random

from captcha_core.alphabet import Alphabet
from captcha_core.errors import CaptchaLabError


def generate_random_string(alphabet: Alphabet, min_length: int, max_length: int, rng: random.Random) -> str:
    """Draw a string whose length and characters are uniform.

    Args:
        alphabet: The characters to draw from.
        min_length: Shortest length, in characters.
        max_length: Longest length, included.
        rng: Source of randomness.

    Raises:
        CaptchaLabError: If the lengths are not 1 <= min_length <= max_length.
    """
    if not 1 <= min_length <= max_length:
        raise CaptchaLabError(
            f"The length range {min_length}..{max_length} is empty; give 1 <= --min-length <= --max-length."
        )
    length = rng.randint(min_length, max_length)
    return "".join(rng.choices(alphabet.symbols, k=length))
