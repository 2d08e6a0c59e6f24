from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captcha_core.errors import CaptchaLabError
from captcha_core.generator import Style, generate_captcha, save_grid_image
from captcha_core.generator.grid import check_grid_path
from tests.generator.samples import BOTH_STYLES, SMALL


@pytest.mark.parametrize("style", BOTH_STYLES.values(), ids=BOTH_STYLES)
def test_grid_shows_every_picture_ten_in_a_row(style: Style, tmp_path: Path) -> None:
    captchas = [generate_captcha(style, 0, i) for i in range(12)]
    save_grid_image(captchas, tmp_path / "grid.png")
    sheet = np.asarray(Image.open(tmp_path / "grid.png"))
    assert sheet.shape[1] == 10 * (64 + 4) + 4
    last = sheet[46 : 46 + 24, 4 + 68 : 4 + 68 + 64]
    assert np.array_equal(last, np.asarray(captchas[11].image))


def test_a_grid_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptchaLabError, match="grid.png"):
        save_grid_image([generate_captcha(SMALL, 0)], tmp_path / "file" / "grid.png")


def test_a_name_that_no_picture_has_is_refused() -> None:
    check_grid_path("x.PNG")
    with pytest.raises(CaptchaLabError, match="x.parquet"):
        check_grid_path("x.parquet")
