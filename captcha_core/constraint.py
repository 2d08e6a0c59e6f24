"""What is known of a text before it is read, such as "six digits"."""

from __future__ import annotations

from dataclasses import dataclass

from captcha_core.alphabet import Alphabet
from captcha_core.errors import AlphabetError, CaptchaLabError


@dataclass(frozen=True)
class Constraint:
    """Which texts are possible; as it stands by default, every one.

    Attributes:
        allowed: Characters that may stand in the text; None allows the whole alphabet.
        min_length: Fewest characters.
        max_length: Most characters; None sets no limit.
        ignore_case: Whether letters that differ in case only count as one, which is written as the small one, or as the
            large one where that alone is allowed.

    Raises:
        CaptchaLabError: If no text is possible.
    """

    allowed: str | None = None
    min_length: int = 0
    max_length: int | None = None
    ignore_case: bool = False

    def __post_init__(self) -> None:
        """Refuse what no text can meet."""
        if self.allowed == "":
            raise CaptchaLabError("No character is allowed in the text; name those that may stand in it.")
        if min(self.min_length, self.max_length or 0) < 0:
            raise CaptchaLabError(f"A text cannot have {self.lengths}; give lengths of 0 or more.")
        if self.max_length is not None and self.max_length < self.min_length:
            raise CaptchaLabError(f"No text has {self.lengths}; give the smaller number first.")

    @property
    def limits_length(self) -> bool:
        """Whether some lengths are not possible."""
        return self.min_length > 0 or self.max_length is not None

    @property
    def lengths(self) -> str:
        """The possible lengths in words."""
        if self.max_length is None:
            return f"{self.min_length} or more characters"
        if self.max_length == self.min_length:
            return "1 character" if self.min_length == 1 else f"{self.min_length} characters"
        return f"{self.min_length} to {self.max_length} characters"

    def choose(self, alphabet: Alphabet) -> list[bool]:
        """Tell of every character of an alphabet whether it may stand in the text.

        Raises:
            AlphabetError: If characters are allowed that the alphabet has not.
        """
        allowed = alphabet.symbols if self.allowed is None else self.allowed
        if missing := alphabet.missing([allowed]):
            raise AlphabetError(
                f"The model's alphabet {alphabet.symbols!r} has not all of the allowed characters: {missing!r} are "
                "missing. Leave them out or take a model that can read them."
            )
        written = self.written_as(alphabet)
        return [character in allowed and written[i] == i for i, character in enumerate(alphabet.symbols)]

    def written_as(self, alphabet: Alphabet) -> list[int]:
        """Tell of every character of an alphabet the place of that which is written for it; its own, but for case."""
        own = list(range(len(alphabet)))
        if not self.ignore_case:
            return own
        letters: dict[str, int] = {}
        # What comes later wins: characters that are allowed, of these small letters.
        for i in sorted(own, key=lambda i: self._rank(alphabet.symbols[i])):
            letters[alphabet.symbols[i].casefold()] = i
        return [letters[character.casefold()] for character in alphabet.symbols]

    def _rank(self, character: str) -> tuple[bool, bool]:
        return self.allowed is None or character in self.allowed, character == character.lower()
