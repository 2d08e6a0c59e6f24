from pathlib import Path

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.generator.fonts import DEFAULT_FONTS, available_fonts, check_font, find_font, located


def test_default_fonts_come_with_the_dependencies() -> None:
    for name in DEFAULT_FONTS:
        assert find_font(name).is_file()
        assert "matplotlib" in find_font(name).parts


def test_a_font_file_is_taken_as_it_is(tmp_path: Path) -> None:
    copy = tmp_path / "mine.ttf"
    copy.write_bytes(find_font("DejaVuSans").read_bytes())
    assert find_font(str(copy)) == copy


def test_a_font_without_the_characters_is_refused() -> None:
    check_font("DejaVuSans", "abc\u03b1")
    with pytest.raises(CaptchaLabError, match="'DejaVuSans' has no '\u3042\u3044'"):
        check_font("DejaVuSans", "a\u3042\u3044")


def test_a_broken_font_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(CaptchaLabError, match="broken.ttf.*cannot be opened"):
        check_font(str(tmp_path / "broken.ttf"), "a")


def test_an_unknown_font_is_refused_with_those_there_are() -> None:
    with pytest.raises(CaptchaLabError, match="'NoSuchFont'") as error:
        find_font("NoSuchFont")
    assert sorted(available_fonts())[0] in str(error.value)


def test_paths_of_fonts_mean_the_same_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("mine", "DejaVuSans"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mine" / "a.ttf").write_bytes(b"a font")
    monkeypatch.chdir(tmp_path)
    assert located(["DejaVuSans", "mine/a.ttf", "mine", "none.ttf"]) == [
        "DejaVuSans",
        str(tmp_path / "mine" / "a.ttf"),
        str(tmp_path / "mine"),
        "none.ttf",
    ]
