import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captcha_core.data.parquet import iter_parquet
from captcha_core.errors import CaptchaLabError
from captcha_core.generator import (
    GeneratorSettings,
    generate_captcha,
    generate_captcha_data,
    generate_captchas,
    save_grid_image,
)

SMALL = GeneratorSettings(width=64, height=24, min_length=2, max_length=3)


def test_two_workers_give_the_bytes_of_one(tmp_path: Path) -> None:
    files = []
    for workers in (1, 2):
        path = tmp_path / f"{workers}.parquet"
        list(generate_captcha_data(SMALL, 41, path, seed=3, workers=workers))
        files.append(path.read_bytes())
    assert files[0] == files[1]


def test_a_picture_depends_on_seed_and_number_alone() -> None:
    alone = generate_captcha(SMALL, seed=3, index=20)
    *_, (data, text) = generate_captchas(SMALL, 21, seed=3)
    assert text == alone.text
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(alone.image))
    assert generate_captcha(SMALL, seed=4, index=20).image.tobytes() != alone.image.tobytes()


def test_data_file_holds_the_pictures_with_their_texts_in_order(tmp_path: Path) -> None:
    texts = list(generate_captcha_data(SMALL, 12, tmp_path / "a.parquet", seed=5))
    samples = list(iter_parquet(tmp_path / "a.parquet"))
    assert [s.label for s in samples] == texts
    assert {s.source for s in samples} == {"generator-seed5"}
    assert all(Image.open(io.BytesIO(s.image)).size == (64, 24) for s in samples)
    assert len({s.path for s in samples}) == 12


def test_an_interrupted_file_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"what was there")
    drawing = generate_captcha_data(SMALL, 500, path)
    next(drawing)
    drawing.close()
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


def test_elastic_strength_reaches_the_picture() -> None:
    still = GeneratorSettings(elastic_alpha=0.0)
    moved = GeneratorSettings(elastic_alpha=200.0)
    assert generate_captcha(still, 1).text == generate_captcha(moved, 1).text
    assert generate_captcha(still, 1).image.tobytes() != generate_captcha(moved, 1).image.tobytes()


def test_grid_shows_every_picture_ten_in_a_row(tmp_path: Path) -> None:
    captchas = [generate_captcha(SMALL, 0, i) for i in range(12)]
    save_grid_image(captchas, tmp_path / "grid.png")
    sheet = np.asarray(Image.open(tmp_path / "grid.png"))
    assert sheet.shape[1] == 10 * (64 + 4) + 4
    last = sheet[46 : 46 + 24, 4 + 68 : 4 + 68 + 64]
    assert np.array_equal(last, np.asarray(captchas[11].image))


def test_a_grid_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptchaLabError, match="grid.png"):
        save_grid_image([generate_captcha(SMALL, 0)], tmp_path / "file" / "grid.png")
