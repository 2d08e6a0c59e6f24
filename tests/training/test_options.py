from pathlib import Path

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.recipes import get_recipe
from captcha_core.training import TrainOptions


def test_what_is_not_given_is_the_recipes() -> None:
    options = TrainOptions(("a.parquet",), "out", epochs=3)
    recipe = get_recipe("efficientnet")
    assert options.epochs == 3
    assert (options.size, options.alphabet, options.batch_size) == (recipe.size, recipe.alphabet, recipe.batch_size)


def test_all_mistakes_are_listed_at_once() -> None:
    with pytest.raises(CaptchaLabError) as error:
        TrainOptions(
            (), "out", size=(100,), batch_size=1, learning_rate=0.0, device="tpu", seed=-1, epochs=0, augment=2.0
        )
    for flag in (
        "--data",
        "--size 100",
        "--batch-size 1",
        "--learning-rate 0.0",
        "--device tpu",
        "--seed -1",
        "--epochs 0",
        "--augment 2.0",
    ):
        assert flag in str(error.value)


@pytest.mark.parametrize("size", [(160,), (50, 200, 3), (50, 2000), (8, 200)])
def test_a_size_fits_the_recipe(size: tuple[int, ...]) -> None:
    with pytest.raises(CaptchaLabError, match=f"--size {' '.join(map(str, size))} "):
        TrainOptions(("a.parquet",), "out", recipe="cnn-lstm", size=size)


def test_options_survive_their_file(tmp_path: Path) -> None:
    options = TrainOptions(("a.parquet", "b.parquet"), "out", seed=4, init_from="imagenet", arch_args={"hidden": 64})
    options.save(tmp_path / "options.json")
    assert TrainOptions.load(tmp_path / "options.json") == options


@pytest.mark.parametrize("content", ["{", "[]", '{"data": ["a"], "unknown": 1}'])
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "options.json").write_text(content)
    with pytest.raises(CaptchaLabError, match=r"options\.json is damaged"):
        TrainOptions.load(tmp_path / "options.json")


def test_no_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(CaptchaLabError, match="no run to resume"):
        TrainOptions.load(tmp_path / "options.json")
