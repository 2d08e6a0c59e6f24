import pytest
import torch

from captcha_core.alphabet import Alphabet
from captcha_core.decoding import IGNORED
from captcha_core.errors import DataError
from captcha_core.training.targets import encode_labels, sequence_loss

AB = Alphabet("ab")


def test_positions_end_a_text_once() -> None:
    targets = encode_labels(["ab", "B", ""], AB, 3, "positions", 4)
    assert targets.tolist() == [[0, 1, 2, IGNORED], [1, 2, IGNORED, IGNORED], [2, IGNORED, IGNORED, IGNORED]]


def test_heads_and_ctc_have_no_end() -> None:
    assert encode_labels(["ab", "bb"], AB, 2, "heads", 2).tolist() == [[0, 1], [1, 1]]
    assert encode_labels(["ab", "b"], AB, 3, "ctc", 9).tolist() == [[0, 1, IGNORED], [1, IGNORED, IGNORED]]


@pytest.mark.parametrize(
    ("labels", "scheme", "problems"),
    [
        (["ab", "x!", "aaaa"], "positions", ["'!x'", "longest has 4.*'aaaa'.*writes 3.*--max-length"]),
        (["ab", "x", "aba"], "heads", ["'x'", "shortest has 1.*'x'.*exactly 3"]),
        (["aab", "x", "aaaa"], "ctc", ["'x'", "longest has 4", "'aaaa' needs 7 time steps.*has 3.*--size"]),
        (["aab"], "ctc", ["'aab' needs 4 time steps"]),
    ],
)
def test_labels_that_do_not_fit_are_reported_all_at_once(labels: list[str], scheme: str, problems: list[str]) -> None:
    with pytest.raises(DataError, match=".*; .*".join(problems)) as error:
        encode_labels(labels, AB, 3, scheme, 3)
    assert str(error.value).count("; ") == len(problems) - 1


def test_a_text_that_just_fits_is_taken() -> None:
    assert encode_labels(["aba", "aab"], AB, 3, "ctc", 4).shape == (2, 3)


@pytest.mark.parametrize("scheme", ["positions", "heads", "ctc"])
def test_the_right_text_has_the_lower_loss(scheme: str) -> None:
    targets = encode_labels(["ab", "ba"], AB, 2, scheme, 4)
    classes = {"positions": [[0, 1, 2], [1, 0, 2]], "heads": [[0, 1], [1, 0]], "ctc": [[0, 2, 1, 2], [2, 1, 1, 0]]}
    logits = 9.0 * torch.nn.functional.one_hot(torch.tensor(classes[scheme]), 2 if scheme == "heads" else 3)
    assert sequence_loss(logits, targets, scheme) < 0.1 < 1.0 < sequence_loss(logits.flip(0), targets, scheme)


def test_smoothing_forbids_certainty() -> None:
    targets = encode_labels(["ab"], AB, 2, "heads", 2)
    logits = torch.tensor([[[1.0, -1.0], [-1.0, 1.0]]])
    assert sequence_loss(20 * logits, targets, "heads") < 1e-6
    assert sequence_loss(20 * logits, targets, "heads", 0.1) > sequence_loss(logits, targets, "heads", 0.1)
