"""An alphabet is an ordered set of characters, and says what does not fit it."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.alphabet import NAMED_ALPHABETS, Alphabet
from captcha_core.errors import AlphabetError

LOWER = Alphabet.named("lower36")
ALPHABETS = st.lists(st.sampled_from(string.ascii_letters + string.digits + "+-="), min_size=1, unique=True).map(
    lambda characters: Alphabet("".join(characters))
)


@given(ALPHABETS, st.data())
def test_decoding_undoes_encoding(alphabet: Alphabet, data: st.DataObject) -> None:
    text = data.draw(st.text(alphabet.symbols))
    classes = alphabet.encode(text)
    assert all(0 <= i < len(alphabet) for i in classes)
    assert alphabet.decode(classes) == text


def test_the_order_of_the_characters_is_the_order_of_the_classes() -> None:
    assert Alphabet("ba").encode("ab") == [1, 0]
    assert Alphabet("ba").decode([1, 0]) == "ab"
    assert LOWER.encode("09az") == [0, 9, 10, 35]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("digits", 10),
        ("lower", 26),
        ("upper", 26),
        ("lower36", 36),
        ("upper36", 36),
        ("letters52", 52),
        ("mixed62", 62),
    ],
)
def test_named_alphabets_have_their_size(name: str, size: int) -> None:
    assert len(Alphabet.named(name)) == size
    assert Alphabet.named(name).symbols == NAMED_ALPHABETS[name]


def test_other_names_are_taken_as_the_characters() -> None:
    assert Alphabet.named("3a+").symbols == "3a+"


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ("", "is empty"),
        ("abcab", "repeats 'ab'"),
        ("a b", r"holds \[' '\]"),
        ("a\n", "only printable"),
        ("\x07", "holds"),
    ],
)
def test_what_is_no_alphabet_is_refused(symbols: str, message: str) -> None:
    with pytest.raises(AlphabetError, match=message):
        Alphabet(symbols)


def test_a_character_outside_is_named_with_the_remedy() -> None:
    with pytest.raises(AlphabetError, match=r"'aXbY' has characters .* has not: 'XY'\. Choose an alphabet.*--alphabet"):
        LOWER.encode("aXbY")


@given(ALPHABETS, st.text(string.ascii_letters + "+ß€", max_size=8))
def test_a_text_is_encoded_unless_a_character_is_missing_and_then_those_are_named(
    alphabet: Alphabet, text: str
) -> None:
    outside = sorted({c for c in text if c not in alphabet})
    assert alphabet.missing([text]) == "".join(outside)
    if outside:
        with pytest.raises(AlphabetError, match=re.escape(f"has not: {''.join(outside)!r}. ")):
            alphabet.encode(text)
    else:
        assert [alphabet.symbols[i] for i in alphabet.encode(text)] == list(text)


@pytest.mark.parametrize("bad", [-1, 36])
def test_a_class_outside_is_named(bad: int) -> None:
    with pytest.raises(AlphabetError, match=rf"Class {bad} is outside 0\.\.35"):
        LOWER.decode([1, bad])


def test_membership_is_of_single_characters() -> None:
    assert "a" in LOWER
    assert "A" not in LOWER
    assert "ab" not in LOWER
    assert "" not in LOWER
    assert 1 not in LOWER


def test_the_alphabet_of_labels_is_sorted_and_complete() -> None:
    assert Alphabet.of_labels(["cab", "b1"]).symbols == "1abc"
    with pytest.raises(AlphabetError, match="is empty"):
        Alphabet.of_labels([])


@given(st.lists(st.text(string.printable[:62]), min_size=1).filter(any))
def test_nothing_is_missing_from_the_alphabet_of_labels(labels: list[str]) -> None:
    assert Alphabet.of_labels(labels).missing(labels) == ""


def test_missing_characters_are_sorted_and_named_once() -> None:
    assert LOWER.missing(["zZ", "Aa", "ZZ"]) == "AZ"
    assert LOWER.missing([]) == ""


def test_folding_goes_to_the_case_the_alphabet_has() -> None:
    assert LOWER.fold("aB3-Q") == "ab3-q"
    assert Alphabet.named("upper36").fold("aB3") == "AB3"
    assert Alphabet.named("mixed62").fold("aB3") == "aB3"
    assert Alphabet("aBc").fold("AbC") == "aBc"
    assert LOWER.fold("ß") == "ß"


@given(ALPHABETS, st.text())
def test_folding_keeps_the_length_and_is_done_at_once(alphabet: Alphabet, text: str) -> None:
    folded = alphabet.fold(text)
    assert len(folded) == len(text)
    assert alphabet.fold(folded) == folded
