"""The colours keep their contrast, and nothing in the style comes from elsewhere."""

from __future__ import annotations

import re

import pytest
from gradio.themes.utils.fonts import LocalFont, font_file_path

from captcha_core.ui.theme import DARK_LEVELS, LIGHT_LEVELS, page_css, page_theme


def backgrounds(mode: str) -> list[str]:
    """Return what the theme puts behind the page and behind a notice; the mode is "" or "_dark"."""
    theme = page_theme()
    names = (f"background_fill_primary{mode}", f"background_fill_secondary{mode}")
    found = [theme._get_computed_value(name) for name in names]
    return ["#ffffff" if colour == "white" else colour for colour in found]


def luminance(colour: str) -> float:
    """Return the relative luminance of "#rrggbb" as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(("levels", "mode"), [(LIGHT_LEVELS, ""), (DARK_LEVELS, "_dark")])
def test_every_band_reaches_aa(levels: dict[str, tuple[str, str, str]], mode: str) -> None:
    for name, (text, back, edge) in levels.items():
        assert contrast(text, back) >= 4.5, name
        # Edge and bar are graphics: 3:1.
        assert all(contrast(edge, page) >= 3 for page in backgrounds(mode)), name


@pytest.mark.parametrize("mode", ["", "_dark"])
def test_quiet_text_reaches_aa(mode: str) -> None:
    colour = page_theme()._get_computed_value(f"body_text_color_subdued{mode}")
    assert all(contrast(colour, page) >= 4.5 for page in backgrounds(mode)), colour


@pytest.mark.parametrize("mode", ["", "_dark"])
def test_the_main_button_reaches_aa(mode: str) -> None:
    for state in ("", "_hover"):
        fill = page_theme()._get_computed_value(f"button_primary_background_fill{state}{mode}")
        assert contrast(fill, "#ffffff") >= 4.5, fill


def test_style_and_fonts_come_from_the_page_itself() -> None:
    css = page_css() + page_theme()._get_theme_css() + "".join(page_theme()._font_css)
    sources = re.findall(r"url\(['\"]?([^)]{6})", css)
    assert len(sources) > 4
    assert set(sources) <= {"data:i", "static"}
    assert "@import" not in css


def test_the_bundled_font_faces_hold_latin_letters() -> None:
    faces = [font for fonts in (page_theme()._font, page_theme()._font_mono) for font in fonts]
    files = [font_file_path(f.name, w) for f in faces if isinstance(f, LocalFont) for w in f.weights]
    assert len(files) == 4
    # The semi-bold subset that Gradio ships has 5 kB, a whole face 30 kB and more.
    assert all(file.stat().st_size > 20_000 for file in files), files
