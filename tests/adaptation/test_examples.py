import pytest
import torch

from captcha_core.adaptation import examples
from captcha_core.adaptation.examples import Example, check_samples, fingerprint_of, open_examples, read_samples
from captcha_core.alphabet import Alphabet
from captcha_core.data.schema import Sample
from captcha_core.errors import DataError
from captcha_core.transforms import build_transform, keep_aspect_spec
from tests.helpers import draw_picture, png_bytes

LOWER = Alphabet("abc")


def sample(label: str, seed: int = 0) -> Sample:
    return Sample(png_bytes(draw_picture(label, seed)), label, f"{seed}.png", "test")


def many(label: str = "ab", count: int = 12) -> list[Sample]:
    return [sample(label if i else "c", i) for i in range(count)]


def test_a_picture_that_comes_twice_counts_once() -> None:
    assert read_samples([sample("a"), sample("a"), sample("b", 1)]) == [sample("a"), sample("b", 1)]


def test_two_labels_for_one_picture_and_what_is_no_picture_are_refused_together() -> None:
    other = sample("a")._replace(label="b", path="other.png")
    broken = Sample(b"no picture", "c", "broken.png", "test")
    with pytest.raises(
        DataError, match=r"1 pictures cannot be used \(broken\.png.*1 pictures have two labels.*other\.png"
    ):
        read_samples([sample("a"), other, broken])


def test_more_than_can_be_kept_in_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MOST", 3)
    assert len(read_samples(many(count=3))) == 3
    with pytest.raises(DataError, match="more than 3 pictures.*--init-from"):
        read_samples(many(count=4))


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (many(count=5), "only 5 labelled pictures, and at least 10"),
        ([sample("ab", i) for i in range(12)], "all pictures have the label 'ab'"),
        ([*many(), sample("aX", 99)], r"1 labels have characters that the model cannot write, 'X' \(99.png 'aX'\)"),
        ([*many(), sample("abcab", 99)], "1 labels are longer than the 4 characters"),
    ],
)
def test_pictures_of_which_nothing_can_be_learned_are_refused(samples: list[Sample], said: str) -> None:
    with pytest.raises(DataError, match=said):
        check_samples(samples, LOWER, 4)


def test_good_pictures_pass_in_either_case() -> None:
    check_samples([*many(), sample("AB", 99)], LOWER, 4)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(DataError, match="only 3 labelled pictures.*all pictures have the label.*'x'.*longer than"):
        check_samples([sample("xxxxx", i) for i in range(3)], LOWER, 4)


def test_examples_are_what_the_model_sees_with_labels_in_its_case() -> None:
    transform = build_transform(keep_aspect_spec(32, 48, 160))
    (opened,) = open_examples([sample("AB")], LOWER, transform)
    assert (opened.label, opened.path) == ("ab", "0.png")
    assert torch.equal(opened.pixels, transform.pixels(draw_picture("AB")))


def test_the_fingerprint_tells_pictures_labels_and_order_apart() -> None:
    one, two = Example(torch.zeros(1, 2, 2, dtype=torch.uint8), "a", ""), Example(torch.ones(1, 2, 2), "a", "")
    other = Example(one.pixels, "b", "")
    prints = [fingerprint_of(e) for e in ([one, two], [two, one], [one], [other])]
    assert len(set(prints)) == 4 and fingerprint_of([one, two]) == prints[0]
