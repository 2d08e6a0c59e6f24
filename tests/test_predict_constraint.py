from __future__ import annotations

from pathlib import Path

import pytest

import predict
from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.constraint import Constraint
from captcha_core.recognizer import Recognizer
from tests.helpers import assert_plain, draw_picture, run_command, save_tiny_checkpoint

MIXED = NAMED_ALPHABETS["mixed62"]
UPPER = NAMED_ALPHABETS["upper"]
SHOUTED = f"only {UPPER}, 3 characters, case ignored"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors", alphabet=MIXED, temperature=0.05)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    draw_picture("abc12").save(tmp_path / "1.png")
    return tmp_path / "1.png"


@pytest.mark.parametrize(
    ("flags", "constraint", "said"),
    [
        (["--allow", "0b2a"], Constraint("0b2a"), "only 0b2a"),
        (["--allow", "digits"], Constraint("0123456789"), "only 0123456789"),
        (["--length", "3"], Constraint(None, 3, 3), "3 characters"),
        (["--ignore-case"], Constraint(ignore_case=True), "case ignored"),
        (["--allow", "upper", "--length", "3", "--ignore-case"], Constraint(UPPER, 3, 3, True), SHOUTED),
        (["--length", "6-"], Constraint(None, 6), "6 or more characters"),
        (
            ["--length", "2-4", "--allow", "digits"],
            Constraint("0123456789", 2, 4),
            "only 0123456789, 2 to 4 characters",
        ),
    ],
)
def test_what_is_known_of_the_text_rules_out_others_and_the_output_says_so(
    checkpoint, picture, tmp_path, capsys, flags, constraint, said
) -> None:
    output = tmp_path / "x.csv"
    expected = Recognizer(checkpoint).read(picture, constraint)
    free = Recognizer(checkpoint).read(picture)
    assert (expected.text, expected.confidence) != (free.text, free.confidence), "the flags change nothing"
    assert run_command(predict.main, picture, "--checkpoint", checkpoint, *flags) == 0
    row = f"{picture}  {expected.text}  {expected.confidence:.1%}"
    assert capsys.readouterr().out.splitlines() == [f"constraint: {said}", row]
    assert run_command(predict.main, picture, "--checkpoint", checkpoint, *flags, "--strong", "--output", output) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "preprocessing: strong (overrides the checkpoint)",
        f"constraint: {said}",
    ]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--length", "five"], ["--length five", "such as 5"]),
        (["--length", "3-x"], ["--length 3-x", "4-6"]),
        (["--length", "6-4"], ["6 to 4 characters", "smaller number first"]),
        (["--length", "7"], ["7 characters", "6 time steps"]),
        (["--allow", ""], ["No character is allowed"]),
        (["--allow", "a+-"], ["+-", "Leave them out"]),
    ],
)
def test_what_cannot_be_meant_of_a_text_is_one_plain_sentence(
    checkpoint, picture, tmp_path, capsys, flags, named
) -> None:
    output = tmp_path / "x.csv"
    assert run_command(predict.main, picture, "--checkpoint", checkpoint, "--output", output, *flags) == 2
    error = capsys.readouterr().err.rpartition("error: ")[2]
    assert_plain(error, *named)
    assert len(error.splitlines()) == 1 and not output.exists()
