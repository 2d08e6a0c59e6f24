import io
import itertools

import numpy as np
import pytest
from PIL import Image

from captcha_core.cluster.engine import LocalEngine
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError
from captcha_core.generator import GeneratorSettings, Style, generate, generate_captcha, generate_captchas
from captcha_core.generator.generate import numbered_captchas, unseen_captchas
from captcha_core.imaging import load_image
from tests.generator.samples import BOTH_STYLES, SIXTEEN, SMALL


@pytest.mark.parametrize("style", BOTH_STYLES.values(), ids=BOTH_STYLES)
def test_two_workers_give_the_bytes_of_one(style: Style) -> None:
    one, two = (list(generate_captchas(style, 41, seed=3, workers=workers)) for workers in (1, 2))
    assert one == two
    assert len(set(one)) == 41


def test_a_picture_depends_on_seed_and_number_alone() -> None:
    alone = generate_captcha(SMALL, seed=3, index=20)
    *_, (data, text) = generate_captchas(SMALL, 21, seed=3)
    assert text == alone.text
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(alone.image))
    assert generate_captcha(SMALL, seed=4, index=20).image.tobytes() != alone.image.tobytes()


def test_elastic_strength_reaches_the_picture() -> None:
    still = GeneratorSettings(elastic_alpha=0.0)
    moved = GeneratorSettings(elastic_alpha=200.0)
    assert generate_captcha(still, 1).text == generate_captcha(moved, 1).text
    assert generate_captcha(still, 1).image.tobytes() != generate_captcha(moved, 1).image.tobytes()


@pytest.mark.parametrize("style", BOTH_STYLES.values(), ids=BOTH_STYLES)
def test_unseen_pictures_are_those_of_the_numbers_with_the_digest_of_their_pixels(style: Style) -> None:
    numbered = list(numbered_captchas(style, 20, 5, LocalEngine()))
    unseen = list(unseen_captchas(style, 9, 5, LocalEngine(), start=11, seen=set()))
    assert [drawn._replace(digest=b"") for drawn in unseen] == numbered[11:]
    assert [drawn.digest for drawn in unseen] == [pixel_digest(load_image(drawn.image)) for drawn in unseen]


def test_what_was_seen_is_left_out_and_replaced_by_further_ones() -> None:
    first = list(unseen_captchas(SMALL, 12, 5, LocalEngine(), start=0, seen=set()))
    seen = {first[0].digest, first[3].digest}
    rest = list(unseen_captchas(SMALL, 10, 5, LocalEngine(), start=0, seen=seen))
    assert [drawn.number for drawn in rest] == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]


def test_a_long_run_of_what_was_seen_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "_PATIENCE", 3)
    seen = {drawn.digest for drawn in unseen_captchas(SMALL, 12, 5, LocalEngine(), start=0, seen=set())}
    assert [drawn.number for drawn in unseen_captchas(SMALL, 1, 5, LocalEngine(), start=0, seen=seen)] == [12]


def test_two_workers_leave_out_the_same() -> None:
    seen = {drawn.digest for drawn in unseen_captchas(SMALL, 40, 5, LocalEngine(), start=3, seen=set())}
    one, two = (list(unseen_captchas(SMALL, 20, 5, LocalEngine(n), start=0, seen=seen)) for n in (1, 2))
    assert one == two
    assert [drawn.number for drawn in one] == [0, 1, 2, *range(43, 60)]


def test_the_caller_may_add_what_it_took() -> None:
    seen: set[bytes] = set()
    for drawn in unseen_captchas(SIXTEEN, 16, 0, LocalEngine(), start=0, seen=seen):
        assert drawn.digest not in seen
        seen.add(drawn.digest)
    assert len(seen) == 16


def test_settings_with_no_further_pictures_are_told_after_a_while() -> None:
    seen = {drawn.digest for drawn in itertools.islice(unseen_captchas(SIXTEEN, 300, 0, LocalEngine(), 0, set()), 300)}
    assert len(seen) == 16
    with pytest.raises(CaptchaLabError, match="After 0 of 2 pictures"):
        list(unseen_captchas(SIXTEEN, 2, 0, LocalEngine(), start=0, seen=seen))
