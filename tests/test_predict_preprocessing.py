"""What predict.py says of preprocessing: flags that override the checkpoint's, and pictures of every stage."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import predict
from captcha_core.imaging import load_image
from captcha_core.recognizer import Recognizer
from captcha_core.transforms import square_pad_spec
from tests.helpers import (
    assert_plain,
    draw_picture,
    png_bytes,
    read_csv,
    run_command,
    save_tiny_checkpoint,
    write_numbered_pictures,
)

GOOD = png_bytes(draw_picture("abc12"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_numbered_pictures(tmp_path / "pictures")


@pytest.fixture(scope="module")
def cropping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "cropping.safetensors"
    return save_tiny_checkpoint(path, temperature=0.05, transform={**square_pad_spec(32), "auto_crop": True})


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a picture with a wide margin."""
    image = Image.new("RGB", (300, 200), "white")
    image.paste(draw_picture("abc12"), (100, 80))
    image.save(tmp_path / "page.png")
    return tmp_path / "page.png"


@pytest.mark.parametrize(
    ("flags", "preprocessing", "said"),
    [
        (["--no-auto-crop"], {"auto_crop": False}, "auto-crop off (overrides the checkpoint)"),
        (["--force-invert"], {"invert": "always"}, "inverted (overrides the checkpoint)"),
        (["--strong"], {"strong": True}, "strong (overrides the checkpoint)"),
        (
            ["--strong", "--force-invert", "--no-auto-crop"],
            {"auto_crop": False, "invert": "always", "strong": True},
            "auto-crop off, inverted, strong (overrides the checkpoint)",
        ),
    ],
)
def test_flags_override_the_checkpoint_and_the_output_says_so(
    cropping, page, tmp_path, capsys, flags, preprocessing, said
) -> None:
    expected = Recognizer(cropping, preprocessing=preprocessing).read(page)
    plain = Recognizer(cropping).read(page)
    assert (expected.text, expected.confidence) != (plain.text, plain.confidence), "the flags change nothing"
    row = f"{page}  {expected.text}  {expected.confidence:.1%}"
    assert run_command(predict.main, page, "--checkpoint", cropping, *flags) == 0
    assert capsys.readouterr().out.splitlines() == [f"preprocessing: {said}", row]
    output = tmp_path / "x.csv"
    assert run_command(predict.main, page, "--checkpoint", cropping, *flags, "--output", output) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{output}: 1 read, 0 could not be read",
        f"preprocessing: {said}",
    ]
    assert list(read_csv(output)[0]) == ["file", "prediction", "confidence", "char_confidences", "error"]
    assert read_csv(output)[0]["prediction"] == expected.text


def test_a_flag_that_asks_for_what_the_checkpoint_does_is_no_override(checkpoint, cropping, page, capsys) -> None:
    assert run_command(predict.main, page, "--checkpoint", checkpoint, "--no-auto-crop") == 0
    assert capsys.readouterr().out.startswith("preprocessing: auto-crop off (as in the checkpoint)\n")
    assert run_command(predict.main, page, "--checkpoint", cropping) == 0
    assert "preprocessing" not in capsys.readouterr().out


def test_every_stage_of_every_picture_is_saved(cropping, page, pictures, tmp_path, capsys) -> None:
    (pictures / "3.png").write_bytes(GOOD[: len(GOOD) // 2])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "1.png").write_bytes(GOOD)
    debug = tmp_path / "debug"
    (tmp_path / "empty").mkdir()
    arguments = [pictures, tmp_path / "empty", tmp_path / "other", "--checkpoint", cropping, "--strong"]
    assert run_command(predict.main, *arguments) == 1
    without = capsys.readouterr().out
    assert run_command(predict.main, *arguments, "--save-debug", debug) == 1
    assert capsys.readouterr().out == without
    stages = ["1_original.png", "2_auto_crop.png", "3_strong.png", "4_pad_and_resize.png"]
    written = {folder.name: sorted(file.name for file in folder.iterdir()) for folder in debug.iterdir()}
    assert written == dict.fromkeys(("1.png", "2.png", "10.png", "1.png_2"), stages)
    view = Recognizer(cropping, preprocessing={"strong": True}).model_view(load_image(pictures / "2.png"))
    assert load_image(debug / "2.png" / stages[-1]).tobytes() == view.tobytes()


def test_stages_are_not_written_over_anything_or_among_the_inputs(checkpoint, pictures, tmp_path, capsys) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "1.png").write_text("mine")
    for folder in (tmp_path / "full", pictures, pictures / "debug"):
        assert run_command(predict.main, pictures, "--checkpoint", checkpoint, "--save-debug", folder) == 2
        printed = capsys.readouterr()
        assert_plain(printed.err, folder.name)
        assert printed.out == ""
    assert (tmp_path / "full" / "1.png").read_text() == "mine"
    assert len(list(pictures.iterdir())) == 3
