"""Decoding under a constraint, against every sequence of classes written out."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.decoding import SCHEMES, class_count, decode
from captcha_core.errors import AlphabetError, CaptchaLabError, CheckpointError
from captcha_core.scoring import character_probabilities

Classes = tuple[int, ...]

TEXT_OF: dict[str, Callable[[Classes, int], Classes]] = {
    "ctc": lambda path, last: tuple(c for c, _ in itertools.groupby(path) if c != last),
    "positions": lambda path, last: tuple(itertools.takewhile(lambda c: c != last, path)),
    "heads": lambda path, last: path,
}
WITH_LENGTHS = ("ctc", "positions")


def scores_of(seed: int, batch: int, steps: int, alphabet: Alphabet, scheme: str, scale: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, (batch, steps, class_count(alphabet, scheme)))


@st.composite
def constraints(draw: st.DrawFn, symbols: str, lengths: bool = True) -> Constraint:
    allowed = draw(st.none() | st.sets(st.sampled_from(symbols), min_size=1).map(lambda s: "".join(sorted(s))))
    if not lengths:
        return Constraint(allowed)
    shortest = draw(st.integers(0, 4))
    longest = draw(st.none() | st.integers(shortest, shortest + 3))
    return Constraint(allowed, shortest, longest)


class Enumeration:
    """Every sequence of classes that a constraint allows one picture, (T, classes), and its probability."""

    def __init__(
        self, scores: np.ndarray, symbols: str, scheme: str, constraint: Constraint, temperature: float
    ) -> None:
        steps, classes = scores.shape
        possible = [c for c in range(classes) if c >= len(symbols) or symbols[c] in (constraint.allowed or symbols)]
        weights = np.exp(scores[:, possible] / temperature)
        probabilities = weights / weights.sum(axis=1, keepdims=True)
        self.texts: dict[Classes, float] = {}
        self.best: tuple[float, Classes] = (0.0, ())
        longest = steps if constraint.max_length is None else constraint.max_length
        for chosen in itertools.product(range(len(possible)), repeat=steps):
            text = TEXT_OF[scheme](tuple(possible[c] for c in chosen), len(symbols))
            if constraint.min_length <= len(text) <= longest:
                weight = float(probabilities[np.arange(steps), chosen].prod())
                self.texts[text] = self.texts.get(text, 0.0) + weight
                self.best = max(self.best, (weight, text))

    def confidence(self, text: Classes) -> float:
        return self.texts[text] / sum(self.texts.values())

    def replaced(self, text: Classes, place: int, character: int) -> float:
        """Return the share of a text with one character replaced among all such texts."""
        others = {c: self.texts.get((*text[:place], c, *text[place + 1 :]), 0.0) for t in self.texts for c in t}
        return others[character] / sum(others.values())

    def at(self, place: int, character: int) -> float:
        """Return the probability of a character at a place, given that the text comes so far."""
        so_far = sum(weight for text, weight in self.texts.items() if len(text) >= place)
        return sum(w for text, w in self.texts.items() if len(text) > place and text[place] == character) / so_far


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_text_and_confidences_are_those_of_the_possible_sequences(scheme: str, data: st.DataObject) -> None:
    symbols = data.draw(st.sampled_from(["a", "ab", "abc"]))
    constraint = data.draw(constraints(symbols, lengths=scheme in WITH_LENGTHS))
    alphabet, temperature = Alphabet(symbols), data.draw(st.sampled_from([0.5, 1.0, 3.0]))
    scores = scores_of(data.draw(st.integers(0, 10_000)), 2, data.draw(st.integers(1, 5)), alphabet, scheme)
    expected = [Enumeration(row, symbols, scheme, constraint, temperature) for row in scores]
    if not expected[0].texts:
        with pytest.raises(CaptchaLabError, match="time steps"):
            decode(scores, alphabet, scheme, constraint=constraint)
        return
    for found, every in zip(decode(scores, alphabet, scheme, temperature, 3, constraint), expected, strict=True):
        text = tuple(alphabet.encode(found.text))
        assert text == every.best[1]
        assert found.confidence == pytest.approx(every.confidence(text))
        for place, others in enumerate(found.alternatives):
            assert len(others) == min(3, len(constraint.allowed or symbols) - 1)
            for character, value in ((found.text[place], found.char_confidences[place]), *others):
                c = symbols.index(character)
                assert value == pytest.approx(every.replaced(text, place, c) if scheme == "ctc" else every.at(place, c))


@pytest.mark.parametrize("scheme", SCHEMES)
@given(seed=st.integers(0, 10_000), allowed=st.sampled_from([None, "aB", "AB1"]))
def test_where_case_is_ignored_a_letter_has_the_probability_of_both(
    scheme: str, seed: int, allowed: str | None
) -> None:
    alphabet, steps = Alphabet("aAB1b"), 3
    constraint = Constraint(allowed, ignore_case=True)
    [scores] = scores_of(seed, 1, steps, alphabet, scheme)
    small = {c.casefold(): c for c in allowed or "ab1"}
    written = [alphabet.symbols.find(small.get(c.casefold(), "?")) for c in alphabet.symbols] + [len(alphabet)]
    weights = np.exp(scores)
    paths: dict[Classes, float] = {}
    for chosen in itertools.product(range(scores.shape[1]), repeat=steps):
        path = tuple(written[c] for c in chosen)
        if -1 not in path:
            paths[path] = paths.get(path, 0.0) + float(weights[np.arange(steps), chosen].prod())
    texts: dict[Classes, float] = {}
    for path, weight in paths.items():
        text = TEXT_OF[scheme](path, len(alphabet))
        texts[text] = texts.get(text, 0.0) + weight
    [found] = decode(scores[None], alphabet, scheme, constraint=constraint)
    best = TEXT_OF[scheme](max(paths, key=lambda path: paths[path]), len(alphabet))
    assert found.text == alphabet.decode(best)
    assert found.confidence == pytest.approx(texts[best] / sum(texts.values()))
    assert all(c in small.values() for others in found.alternatives for c, _ in others)
    [probabilities] = character_probabilities(
        scores[None], found.text.swapcase(), alphabet, scheme, constraint=constraint
    )
    assert probabilities.tolist() == pytest.approx(list(found.char_confidences))


def both(a: Constraint, b: Constraint, symbols: str) -> Constraint:
    """Return what two constraints allow together; the example is passed over if that is nothing."""
    allowed = "".join(sorted(set(a.allowed or symbols) & set(b.allowed or symbols)))
    shortest = max(a.min_length, b.min_length)
    longest = min((c.max_length for c in (a, b) if c.max_length is not None), default=None)
    assume(allowed and (longest is None or shortest <= longest))
    return Constraint(allowed, shortest, longest)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_a_text_that_stays_possible_stays_and_is_never_less_sure(scheme: str, data: st.DataObject) -> None:
    alphabet, steps = Alphabet("abcd"), 12
    loose = data.draw(constraints(alphabet.symbols, lengths=scheme in WITH_LENGTHS))
    tight = both(loose, data.draw(constraints(alphabet.symbols, lengths=scheme in WITH_LENGTHS)), alphabet.symbols)
    scores = scores_of(data.draw(st.integers(0, 10_000)), 3, steps, alphabet, scheme, scale=3.0)
    before = decode(scores, alphabet, scheme, constraint=loose)
    after = decode(scores, alphabet, scheme, constraint=tight)
    longest = steps if tight.max_length is None else tight.max_length
    for a, b in zip(before, after, strict=True):
        if set(a.text) <= set(tight.allowed or "") and tight.min_length <= len(a.text) <= longest:
            assert b.text == a.text
            assert b.confidence >= a.confidence - 1e-12


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data(), scale=st.sampled_from([0.0, 1.0, 30.0, 1e4]), temperature=st.floats(0.05, 20.0))
def test_contract(scheme: str, data: st.DataObject, scale: float, temperature: float) -> None:
    alphabet = Alphabet(data.draw(st.sampled_from(["ab", "0123456789", "aAbB€ß"])))
    constraint = data.draw(constraints(alphabet.symbols, lengths=scheme in WITH_LENGTHS))
    scores = scores_of(data.draw(st.integers(0, 10_000)), data.draw(st.integers(0, 3)), 9, alphabet, scheme, scale)
    for item in decode(scores, alphabet, scheme, temperature, 3, constraint):
        assert set(item.text) <= set(constraint.allowed or alphabet.symbols)
        assert (
            constraint.min_length <= len(item.text) <= (9 if constraint.max_length is None else constraint.max_length)
        )
        assert 0.0 <= item.confidence <= min(item.char_confidences, default=1.0) + 1e-12 <= 1.0 + 2e-12


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_constraint_that_rules_out_nothing_changes_nothing(scheme: str) -> None:
    alphabet = Alphabet("abc")
    scores = scores_of(0, 6, 7, alphabet, scheme)
    free = decode(scores, alphabet, scheme)
    for constraint in (Constraint(), Constraint("cab"), Constraint(max_length=7), Constraint("abc", 0, 99)):
        for a, b in zip(free, decode(scores, alphabet, scheme, constraint=constraint), strict=True):
            assert a.text == b.text
            assert a.confidence == pytest.approx(b.confidence)
            assert a.char_confidences == pytest.approx(b.char_confidences)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_picture_reads_the_same_alone_and_in_a_batch(scheme: str) -> None:
    alphabet, constraint = Alphabet("abc"), Constraint("ab", 5, 6)
    scores = scores_of(1, 5, 6, alphabet, scheme)
    together = decode(scores, alphabet, scheme, constraint=constraint)
    assert [decode(row[None], alphabet, scheme, constraint=constraint)[0] for row in scores] == together


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_damaged_score_is_found_even_where_its_character_is_not_allowed(scheme: str) -> None:
    for bad in (np.nan, np.inf):
        scores = scores_of(2, 1, 3, Alphabet("abc"), scheme)
        scores[0, 1, 0] = bad
        with pytest.raises(CheckpointError, match="NaN or infinity"):
            decode(scores, Alphabet("abc"), scheme, constraint=Constraint("bc"))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_damaged_score_is_found_where_case_is_ignored(bad: float) -> None:
    scores = scores_of(2, 1, 3, Alphabet("aA"), "ctc")
    scores[0, 1] = bad
    with pytest.raises(CheckpointError, match="NaN or infinity"):
        decode(scores, Alphabet("aA"), "ctc", constraint=Constraint(ignore_case=True))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_may_not_stand_in_the_text_is_no_alternative(scheme: str) -> None:
    alphabet = Alphabet("abcd")
    scores = np.zeros((1, 1, class_count(alphabet, scheme)))
    scores[0, 0, [0, 3]] = 5.0, 9.0
    (read,) = decode(scores, alphabet, scheme, constraint=Constraint("abc"))
    assert read.text == "a"
    assert [c for c, _ in read.alternatives[0]] == ["b", "c"]


@pytest.mark.parametrize("scheme", WITH_LENGTHS)
def test_a_class_that_the_model_forbids_is_taken_when_nothing_else_is_possible(scheme: str) -> None:
    scores = np.full((1, 3, 3), -np.inf)
    scores[..., 0] = 0.0
    (read,) = decode(scores, Alphabet("ab"), scheme, constraint=Constraint("b", 1, 1))
    assert read.text == "b"


def test_characters_that_the_model_has_not_are_named() -> None:
    with pytest.raises(AlphabetError, match="'x'"):
        decode(np.zeros((1, 3, 4)), Alphabet("abc"), "ctc", constraint=Constraint("abx"))


@pytest.mark.parametrize(("steps", "allowed", "shortest"), [(3, None, 4), (3, "ab", 4), (4, "a", 3)])
def test_too_few_time_steps_for_ctc_are_told(steps, allowed, shortest) -> None:
    constraint = Constraint(allowed, shortest)
    with pytest.raises(CaptchaLabError, match=f"{steps} time steps.*{shortest} or more characters.*Allow shorter"):
        decode(np.zeros((2, steps, 4)), Alphabet("abc"), "ctc", constraint=constraint)
    assert len(decode(np.zeros((2, steps + 1, 4)), Alphabet("abc"), "ctc", constraint=constraint)) == 2


def test_too_few_positions_are_told() -> None:
    with pytest.raises(CaptchaLabError, match=r"2 time steps.*3 characters, which need 3\. Allow"):
        decode(np.zeros((1, 2, 4)), Alphabet("abc"), "positions", constraint=Constraint(None, 3, 3))
    (read,) = decode(np.zeros((1, 2, 4)), Alphabet("abc"), "positions", constraint=Constraint("b", 2))
    assert (read.text, read.confidence) == ("bb", 1.0)


@pytest.mark.parametrize("constraint", [Constraint(min_length=4), Constraint(max_length=2)])
def test_heads_write_as_many_characters_as_there_are(constraint: Constraint) -> None:
    told = "exactly 3 characters, .* characters. Leave the length out or take a model for texts of any length.$"
    with pytest.raises(CaptchaLabError, match=told):
        decode(np.zeros((1, 3, 4)), Alphabet("abcd"), "heads", constraint=constraint)
    for possible in (Constraint("d", 1, 3), Constraint("d", 3, 3), Constraint("d", 3), Constraint("d", 0, 9)):
        (read,) = decode(np.zeros((1, 3, 4)), Alphabet("abcd"), "heads", constraint=possible)
        assert (read.text, read.confidence) == ("ddd", 1.0)
