from pathlib import Path

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.generator.fonts import DEFAULT_FONTS, available_fonts, find_font


def test_default_fonts_come_with_the_dependencies() -> None:
    for name in DEFAULT_FONTS:
        assert find_font(name).is_file()
        assert "matplotlib" in find_font(name).parts


def test_a_font_file_is_taken_as_it_is(tmp_path: Path) -> None:
    copy = tmp_path / "mine.ttf"
    copy.write_bytes(find_font("DejaVuSans").read_bytes())
    assert find_font(str(copy)) == copy


def test_an_unknown_font_is_refused_with_those_there_are() -> None:
    with pytest.raises(CaptchaLabError, match="'NoSuchFont'") as error:
        find_font("NoSuchFont")
    assert sorted(available_fonts())[0] in str(error.value)
