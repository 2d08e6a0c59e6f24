"""What is swept: the same texts at every strength, each distortion alone, none at strength 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.evaluation.sweep_distortions import MOST_STEPS, Distortion
from captcha_core.evaluation.sweep_overlays import LARGEST_SIDE, OVERLAYS, GivenPictures, choose_pictures, fade
from captcha_core.evaluation.sweep_style import PRESETS, STYLE_DISTORTIONS, DrawnStyle, settings_of
from captcha_core.generator.styles import GeneratorSettings
from tests.helpers import draw_picture, png_bytes

NUMBERS = range(3)
STYLE = DrawnStyle(GeneratorSettings(), 7, 3)
SAMPLES = tuple(Sample(png_bytes(draw_picture(t)), t, f"{t}.png", "test") for t in ("abc", "12345", "xy9"))
GIVEN = GivenPictures(SAMPLES, 7, "mine")


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def change(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(pixels(one) - pixels(other)).mean())


@pytest.mark.parametrize("distortion", STYLE_DISTORTIONS, ids=lambda d: d.name)
def test_a_style_keeps_its_texts_and_changes_more_with_strength(distortion: Distortion) -> None:
    strengths = distortion.strengths(4)
    drawn = [STYLE.draw(distortion, strength, NUMBERS) for strength in strengths]
    assert len({tuple(c.text for c in pictures) for pictures in drawn}) == 1
    weak, strong = (np.mean([change(a.image, b.image) for a, b in zip(drawn[0], d, strict=True)]) for d in drawn[1::3])
    assert 0 < weak < strong


@pytest.mark.parametrize("distortion", OVERLAYS, ids=lambda d: d.name)
def test_given_pictures_keep_their_size_and_change_more_with_strength(distortion: Distortion) -> None:
    strengths = distortion.strengths(4)
    plain = GIVEN.draw(None, 0.0, NUMBERS)
    drawn = [GIVEN.draw(distortion, strength, NUMBERS) for strength in strengths]
    assert [c.image.tobytes() for c in drawn[0]] == [c.image.tobytes() for c in plain]
    assert [c.text for c in drawn[-1]] == [sample.label for sample in SAMPLES]
    assert all(c.image.size == p.image.size for c, p in zip(drawn[-1], plain, strict=True))
    weak, strong = (np.mean([change(a.image, b.image) for a, b in zip(plain, d, strict=True)]) for d in drawn[1::3])
    assert 0 < weak < strong
    # The opened pictures are kept for the next strength, which must find them as they were.
    assert [c.image.tobytes() for c in GIVEN.draw(None, 0.0, NUMBERS)] == [c.image.tobytes() for c in plain]


@pytest.mark.parametrize("name", ["elastic", "blur"])
def test_a_frame_is_not_smeared_over_the_picture(name: str) -> None:
    framed = Image.new("RGB", (200, 60), "black")
    framed.paste("white", (1, 1, 199, 59))
    given = GivenPictures((Sample(png_bytes(framed), "x", "x.png", "t"),), 7, "mine")
    distortion = next(d for d in OVERLAYS if d.name == name)
    for strength in distortion.strengths(4)[1:]:
        [drawn] = given.draw(distortion, strength, [0])
        # The frame is a twenty-third of the pixels; bent or faint it is about as much.
        assert (255 - pixels(drawn.image)).mean() < 255 / 15, strength


@pytest.mark.parametrize("swept", [STYLE, GIVEN], ids=["style", "given"])
def test_the_same_seed_gives_the_same_bytes_in_any_company(swept: DrawnStyle | GivenPictures) -> None:
    for distortion in swept.distortions:
        together = swept.draw(distortion, distortion.extreme, NUMBERS)
        alone = swept.draw(distortion, distortion.extreme, [2])
        assert alone[0].image.tobytes() == together[2].image.tobytes(), distortion.name


def test_more_lines_are_the_fewer_ones_and_some_others() -> None:
    style = DrawnStyle(GeneratorSettings(elastic_alpha=0.0, spots=0), 7, 1)
    lines = next(d for d in STYLE_DISTORTIONS if d.name == "lines")
    none, few, many = (pixels(style.draw(lines, n, [0])[0].image) for n in (0, 2, 9))
    touched = (few != none).any(axis=2)
    assert touched.any()
    assert (many != none).any(axis=2)[touched].mean() > 0.95


def test_spots_leave_the_lines_where_they_are() -> None:
    style = DrawnStyle(GeneratorSettings(elastic_alpha=0.0, spots=0, lines=5), 7, 1)
    spots = next(d for d in STYLE_DISTORTIONS if d.name == "spots")
    with_lines, spotted = (pixels(style.draw(spots, n, [0])[0].image) for n in (0, 20))
    assert (with_lines != spotted).any(axis=2).mean() < 0.02


def test_a_style_says_what_it_has_of_each() -> None:
    own = {d.name: d.own for d in DrawnStyle(GeneratorSettings(spacing=-0.2, spots=0), 0, 1).distortions}
    assert own["overlap"] == 0.2 and own["lines"] == 2 and own["spots"] is None and own["contrast"] is None


def test_equal_keys_are_equal_pictures() -> None:
    lines, contrast = (next(d for d in STYLE_DISTORTIONS if d.name == n) for n in ("lines", "contrast"))
    assert STYLE.key(None, 0) == STYLE.key(lines, 2) == STYLE.key(contrast, 0) != STYLE.key(lines, 3)
    same = [STYLE.draw(d, s, [1])[0].image.tobytes() for d, s in ((None, 0), (lines, 2), (contrast, 0))]
    assert len(set(same)) == 1
    assert GIVEN.key(None, 0) == GIVEN.key(OVERLAYS[0], 0) != GIVEN.key(OVERLAYS[0], 1)


@given(st.integers(1, MOST_STEPS))
def test_strengths_rise_from_none_to_the_extreme(steps: int) -> None:
    for distortion in (*STYLE_DISTORTIONS, *OVERLAYS):
        strengths = distortion.strengths(steps)
        assert len(strengths) == steps + 1 and strengths[0] == 0 and strengths[-1] == distortion.extreme
        assert list(strengths) == sorted(strengths)
        assert all(distortion.text(s) in distortion.said(s) for s in strengths)


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="steps=11"):
        OVERLAYS[0].strengths(MOST_STEPS + 1)


def test_fading_goes_towards_the_background() -> None:
    ink = Image.new("RGB", (4, 4), (0, 100, 255))
    assert fade(ink, 0.75, (200, 100, 55)).getpixel((0, 0)) == (150, 100, 105)


def test_every_preset_draws() -> None:
    for label, settings in PRESETS.values():
        assert label and DrawnStyle(settings, 0, 1).draw(None, 0.0, [0])[0].text


def test_settings_by_word() -> None:
    settings = settings_of(["rotation=40", "lines=7", "text-colors=navy,#102030", "alphabet=digits"])
    assert (settings.rotation, settings.lines, settings.text_colors) == (40.0, 7, ("navy", "#102030"))
    assert settings.alphabet == "digits"


@pytest.mark.parametrize("word", ["rotation", "turn=3", "lines=many", "rotation=400"])
def test_a_word_that_is_no_setting_is_refused(word: str) -> None:
    with pytest.raises(CaptchaLabError, match=word.split("=")[0]):
        settings_of([word])


def test_pictures_are_chosen_evenly_by_seed() -> None:
    samples = [Sample(SAMPLES[0].image, str(n), f"{n}.png", "t") for n in range(60)]
    chosen = choose_pictures(iter(samples), 20, 1, "mine")
    labels = [sample.label for sample in chosen.samples]
    assert len(set(labels)) == 20 == chosen.count
    assert labels == [s.label for s in choose_pictures(iter(samples), 20, 1, "mine").samples]
    assert labels != [s.label for s in choose_pictures(iter(samples), 20, 2, "mine").samples]
    assert any(int(label) >= 20 for label in labels)


def test_pictures_that_cannot_be_opened_are_left_out_and_counted() -> None:
    bad = Sample(b"none", "x", "bad.png", "t")
    assert choose_pictures([bad, *SAMPLES], 9, 0, "mine").notes == (
        "1 of the pictures that were chosen could not be opened and are left out.",
    )
    with pytest.raises(DataError, match="mine holds no picture .* bad.png"):
        choose_pictures([bad], 9, 0, "mine")
    with pytest.raises(DataError, match="there are none"):
        choose_pictures([], 9, 0, "mine")


def test_a_photo_is_shrunk_first() -> None:
    large = Sample(png_bytes(Image.new("RGB", (LARGEST_SIDE * 2, 200), "red")), "x", "photo.png", "t")
    [drawn] = choose_pictures([large], 1, 0, "mine").draw(None, 0.0, [0])
    assert drawn.image.size == (LARGEST_SIDE, 100)
