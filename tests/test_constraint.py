from __future__ import annotations

import pytest

from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.errors import AlphabetError, CaptchaLabError


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"allowed": ""}, "No character is allowed.*name those"),
        ({"min_length": -1}, "-1 or more characters.*0 or more"),
        ({"max_length": -2}, "0 to -2 characters.*0 or more"),
        ({"min_length": 5, "max_length": 4}, "5 to 4 characters.*smaller number first"),
    ],
)
def test_what_no_text_can_meet_is_refused(values, named) -> None:
    with pytest.raises(CaptchaLabError, match=named):
        Constraint(**values)


@pytest.mark.parametrize(
    ("constraint", "limits", "words"),
    [
        (Constraint(), False, "0 or more characters"),
        (Constraint("abc"), False, "0 or more characters"),
        (Constraint(min_length=2), True, "2 or more characters"),
        (Constraint(max_length=3), True, "0 to 3 characters"),
        (Constraint(min_length=4, max_length=4), True, "4 characters"),
        (Constraint(min_length=1, max_length=1), True, "1 character"),
    ],
)
def test_lengths_are_limited_and_put_in_words(constraint, limits, words) -> None:
    assert constraint.limits_length is limits
    assert constraint.lengths == words


def test_characters_are_chosen_in_the_alphabet_s_order() -> None:
    assert Constraint("ca").choose(Alphabet("abc")) == [True, False, True]
    assert Constraint().choose(Alphabet("abc")) == [True, True, True]


def test_characters_that_the_alphabet_has_not_are_named() -> None:
    with pytest.raises(AlphabetError, match="'abc' has not all.*'XY' are missing. Leave them out"):
        Constraint("aYX").choose(Alphabet("abc"))


@pytest.mark.parametrize(
    ("allowed", "written"),
    [
        (None, "aab1ßb"),
        ("abAB1", "aab1ßb"),
        ("AB", "AAB1ßB"),
        ("aB", "aaB1ßB"),
        ("1", "aab1ßb"),
    ],
)
def test_without_case_a_letter_is_written_small_unless_only_the_large_one_is_allowed(
    allowed: str | None, written: str
) -> None:
    alphabet = Alphabet("aAB1ßb")
    constraint = Constraint(allowed, ignore_case=True)
    assert "".join(alphabet.symbols[i] for i in constraint.written_as(alphabet)) == written
    chosen = [c for c, is_chosen in zip(alphabet.symbols, constraint.choose(alphabet), strict=True) if is_chosen]
    assert set(chosen) == set(written) & set(allowed or alphabet.symbols)
    assert Constraint(allowed).written_as(alphabet) == list(range(6))
