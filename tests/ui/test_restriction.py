"""What the restriction of the page and of the endpoint means."""

from __future__ import annotations

import pytest

from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError
from captcha_core.ui.links import MOST_CHARACTERS
from captcha_core.ui.restriction import CHOICES, Restriction, chosen, in_words

UPPER36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    ("restriction", "constraint"),
    [
        (Restriction(), None),
        (Restriction("", 0, None), None),
        (Restriction("digits"), Constraint("0123456789")),
        (Restriction("any"), Constraint("any")),
        (Restriction("ba", 2, 3), Constraint("ba", 2, 3)),
        (Restriction(None, None, 3), Constraint(None, 0, 3)),
        (Restriction("", ignore_case=True), Constraint(ignore_case=True)),
    ],
)
def test_it_becomes_what_the_recogniser_takes(restriction: Restriction, constraint: Constraint | None) -> None:
    assert restriction.constraint() == constraint


@pytest.mark.parametrize("name", ["digits", "lower", "upper", "lower36", "any", "own"])
def test_own_characters_are_characters_whatever_they_spell(name: str) -> None:
    constraint = chosen("own", f" {name} {name}", 0, 0).constraint()
    assert constraint == Constraint("".join(sorted(set(name))))


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [("A-F 2-4x", "234ABCDEFx"), ("a-c-e", "-abce"), ("x-", "-x"), ("9-0", "-09"), ("a-Z", "-Za"), ("0-9A-Z", UPPER36)],
)
def test_a_range_stands_for_all_between(typed: str, allowed: str) -> None:
    assert chosen("own", typed, 0, 0).alphabet == allowed


def test_every_choice_is_possible_and_nothing_own_is_no_restriction() -> None:
    assert [chosen(choice, "", 0, 0).alphabet for choice in CHOICES] == ["", *list(CHOICES)[1:-1], ""]
    assert chosen("own", " ", 0, 0).constraint() is None


@pytest.mark.parametrize(
    "restriction", [Restriction("x" * (MOST_CHARACTERS + 1)), Restriction("", -1), Restriction("", 6, 4)]
)
def test_what_no_text_can_be_is_refused_in_one_sentence(restriction: Restriction) -> None:
    with pytest.raises(CaptchaLabError) as caught:
        restriction.constraint()
    assert len(str(caught.value)) < 120


def test_words_name_characters_and_lengths() -> None:
    assert in_words(Constraint("0123456789")) == "0-9"
    assert in_words(Constraint("ab", 4, 6)) == "ab; 4 to 6 characters"
    assert in_words(Constraint(None, 0, 6)) == "at most 6 characters"
    assert in_words(Constraint("ab", ignore_case=True)) == "ab; case does not matter"
    assert in_words(Constraint(None, 5)) == "5 or more characters"
