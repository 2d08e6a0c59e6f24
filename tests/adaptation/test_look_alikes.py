import numpy as np
import pytest

from captcha_core.adaptation import look_alikes
from captcha_core.adaptation.look_alikes import RANGES, Search, draw_like, estimate_settings
from captcha_core.adaptation.looks import distance, looks_of
from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.styles import GeneratorSettings

QUICK = Search(first=30, rounds=2, changes=15, kept=4, pictures=3)
LINED = GeneratorSettings("digits", 5, 5, 140, 50, spots=0, lines=8, text_colors=("#a01010",), elastic_alpha=0)
SPOTTED = GeneratorSettings("digits", 5, 5, 140, 50, spots=300, lines=0, text_colors=("#1010a0",), elastic_alpha=0)


def pictures(settings: GeneratorSettings, count: int = 12) -> list:
    return [captcha.image for captcha in settings.draw(1, 0, count)]


def estimated(settings: GeneratorSettings, search: Search = QUICK) -> list[GeneratorSettings]:
    return estimate_settings(pictures(settings), Constraint("0123456789", 5, 5), 12, 0, search)


def test_what_can_be_seen_at_once_is_taken_over() -> None:
    found = estimated(LINED)
    assert len(found) == QUICK.kept
    for settings in found:
        assert (settings.width, settings.height) == (140, 50)
        assert (settings.alphabet, settings.min_length, settings.max_length) == ("0123456789", 5, 5)
        assert set(settings.text_colors) == {"#a01010"}
        assert all(low <= getattr(settings, name) <= high for name, (low, high) in RANGES.items())


def test_the_settings_found_draw_what_looks_more_like_it_than_random_ones_do() -> None:
    for settings in (LINED, SPOTTED):
        given = looks_of(pictures(settings))
        found = looks_of(c.image for c in draw_like(estimated(settings), 12, 7))
        unsearched = estimated(settings, Search(first=4, rounds=0, kept=4))
        assert distance(found, given) < distance(looks_of(c.image for c in draw_like(unsearched, 12, 7)), given)


def test_lines_and_spots_are_told_apart() -> None:
    lined, spotted = estimated(LINED), estimated(SPOTTED)
    assert lined[0].spots < spotted[0].spots and lined[0].lines > spotted[0].lines


def test_the_same_seed_finds_the_same() -> None:
    assert estimated(LINED) == estimated(LINED)


def test_settings_are_drawn_with_in_turn() -> None:
    drawn = draw_like([LINED, SPOTTED], 5, 3)
    assert len(drawn) == 5 and len({captcha.text for captcha in drawn}) == 5
    lined = [bool((np.asarray(captcha.image) == (160, 16, 16)).all(axis=2).any()) for captcha in drawn]
    assert lined == [True, False, True, False, True]


def test_pictures_of_many_sizes_are_drawn_at_the_usual_one() -> None:
    images = [image.resize((100 + 20 * (number % 3), 40)) for number, image in enumerate(pictures(LINED))]
    [settings, *_] = estimate_settings(images, Constraint("0123456789"), 6, 0, QUICK)
    assert (settings.width, settings.height, settings.max_length) == (120, 40, 6)


def test_characters_that_no_font_has_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_alikes, "available_fonts", lambda: ["DejaVuSans", "DejaVuSerif"])
    with pytest.raises(CaptchaLabError, match="No font at hand has all of '字x'"):
        estimate_settings(pictures(LINED), Constraint("字x"), 6, 0, QUICK)
