"""Ordered alphabets: which character belongs to which class of a model.

The order is part of a trained model: class ``i`` means ``symbols[i]``, so a checkpoint carries the
ordered string (see :mod:`captcha_core.checkpoint`) and never rebuilds it from the data.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from captcha_core.errors import AlphabetError

NAMED_ALPHABETS: dict[str, str] = {
    "digits": string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "lower36": string.digits + string.ascii_lowercase,
    "upper36": string.digits + string.ascii_uppercase,
    "letters52": string.ascii_lowercase + string.ascii_uppercase,
    "mixed62": string.digits + string.ascii_lowercase + string.ascii_uppercase,
}


@dataclass(frozen=True)
class Alphabet:
    """An ordered set of characters.

    Attributes:
        symbols: Every character once, in class order.

    Raises:
        AlphabetError: If ``symbols`` is empty, repeats a character, or holds white space or a
            character that cannot be printed.
    """

    symbols: str

    def __post_init__(self) -> None:
        """Refuse an alphabet whose classes would be ambiguous."""
        if not self.symbols:
            raise AlphabetError("The alphabet is empty; give at least one character.")
        repeated = sorted(c for c, times in Counter(self.symbols).items() if times > 1)
        if repeated:
            raise AlphabetError(f"The alphabet repeats {''.join(repeated[:20])!r}; name each character once.")
        bad = [c for c in self.symbols if c.isspace() or not c.isprintable()]
        if bad:
            raise AlphabetError(
                f"The alphabet holds {bad[:20]!r}; only printable characters without spaces can be read."
            )

    def __len__(self) -> int:
        """Return how many characters there are."""
        return len(self.symbols)

    def __contains__(self, character: object) -> bool:
        """Tell whether a character belongs to the alphabet."""
        return isinstance(character, str) and len(character) == 1 and character in self.symbols

    @classmethod
    def named(cls, name_or_symbols: str) -> Alphabet:
        """Return the alphabet of that name, or one of exactly these characters.

        Args:
            name_or_symbols: A key of ``NAMED_ALPHABETS`` or the ordered characters themselves.
        """
        return cls(NAMED_ALPHABETS.get(name_or_symbols, name_or_symbols))

    @classmethod
    def of_labels(cls, labels: Iterable[str]) -> Alphabet:
        """Return the sorted alphabet of all characters that occur in the labels."""
        return cls("".join(sorted(set().union(*labels))))

    def encode(self, text: str) -> list[int]:
        """Return the class of every character.

        Raises:
            AlphabetError: If a character is not in the alphabet.
        """
        missing = self.missing([text])
        if missing:
            raise AlphabetError(
                f"The text {text!r} has characters that the alphabet {self.symbols!r} has not: {missing!r}. "
                "Choose an alphabet that holds them (--alphabet) or mend the label."
            )
        return [self.symbols.index(c) for c in text]

    def decode(self, classes: Sequence[int]) -> str:
        """Return the text of a sequence of classes.

        Raises:
            AlphabetError: If a class is outside ``0..len(self) - 1``.
        """
        outside = [i for i in classes if not 0 <= i < len(self)]
        if outside:
            raise AlphabetError(f"Class {outside[0]} is outside 0..{len(self) - 1} of the alphabet {self.symbols!r}.")
        return "".join(self.symbols[i] for i in classes)

    def missing(self, labels: Iterable[str]) -> str:
        """Return, sorted, the characters of the labels that the alphabet has not."""
        return "".join(sorted(set().union(*labels) - set(self.symbols)))

    def fold(self, text: str) -> str:
        """Return the text in the alphabet's own case where it has only one.

        An alphabet that holds "a" but not "A" writes "A" as "a", and the other way round, so that labels
        in either case train a model that does not tell case apart. Other characters stay as they are.
        """
        return "".join(self._fold_character(c) for c in text)

    def _fold_character(self, character: str) -> str:
        if character in self.symbols:
            return character
        other = character.swapcase()
        return other if other in self else character
