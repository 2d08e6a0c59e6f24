import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.adaptation.expectation import expected_texts
from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint

MIXED = Alphabet(string.digits + string.ascii_lowercase + string.ascii_uppercase)


def test_characters_that_all_came_often_are_all_that_there_are() -> None:
    labels = ["2357", "7532", "3275"] * 10
    assert expected_texts(labels, MIXED) == Constraint("2357", 4, 4)


@pytest.mark.parametrize(
    ("labels", "allowed"),
    [
        (["2357", "8146"], string.digits),
        (["2357a", "8146b"], string.digits + string.ascii_lowercase),
        (["QWER", "TYUI"], string.ascii_uppercase),
        (["aB3", "xYz"], MIXED.symbols),
    ],
)
def test_where_characters_came_only_once_the_smallest_named_alphabet_is_meant(labels, allowed) -> None:
    assert expected_texts(labels, MIXED).allowed == allowed


def test_what_no_named_alphabet_has_allows_the_models_own() -> None:
    alphabet = Alphabet(string.digits + "+-=")
    assert expected_texts(["1+2=", "3-4="], alphabet).allowed == alphabet.symbols


@pytest.mark.parametrize(
    ("labels", "lengths"),
    [
        (["1234"] * 20, (4, 4)),
        (["1234"] * 19, (3, 5)),
        (["1234", "12345"] * 20, (3, 6)),
        (["1"] * 5, (1, 2)),
    ],
)
def test_lengths_leave_room_where_little_was_seen(labels: list[str], lengths: tuple[int, int]) -> None:
    expected = expected_texts(labels, MIXED)
    assert (expected.min_length, expected.max_length) == lengths


@given(st.lists(st.text(MIXED.symbols, min_size=1, max_size=8), min_size=1, max_size=40))
def test_every_label_is_expected(labels: list[str]) -> None:
    expected = expected_texts(labels, MIXED)
    assert set("".join(labels)) <= set(expected.allowed or "") <= set(MIXED.symbols)
    assert all(expected.min_length <= len(label) <= (expected.max_length or 0) for label in labels)
