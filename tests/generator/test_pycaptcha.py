"""The captcha package draws from our seeds, and nobody else who uses it notices."""

from __future__ import annotations

import re
import secrets
import string
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import captcha.image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core.errors import CaptchaLabError
from captcha_core.generator import PycaptchaSettings, generate_captcha, pycaptcha
from tests.helpers import assert_plain

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def not_loaded() -> Iterator[None]:
    """Forget the package before and after, as in a process that has not drawn with it."""
    pycaptcha._package.cache_clear()
    yield
    pycaptcha._package.cache_clear()


def test_the_size_is_the_packages_own_unless_another_is_given() -> None:
    assert generate_captcha(PycaptchaSettings(), 0).image.size == (160, 60)
    assert generate_captcha(PycaptchaSettings(width=250, height=50), 0).image.size == (250, 50)


def test_the_picture_is_what_the_package_draws_from_such_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = generate_captcha(PycaptchaSettings(), seed=4, index=2)
    # Once more, with the package itself and the source in the place of its module.
    source = pycaptcha._SeededSource()
    source.rng.seed("4/2")
    monkeypatch.setattr(captcha.image, "secrets", source)
    text = PycaptchaSettings().random_text(source.rng)
    assert (ours.text, ours.image.tobytes()) == (text, captcha.image.ImageCaptcha().generate_image(text).tobytes())


def test_the_package_keeps_its_own_randomness() -> None:
    generate_captcha(PycaptchaSettings(), 0)
    assert vars(captcha.image)["secrets"] is secrets
    painter = captcha.image.ImageCaptcha()
    assert painter.generate_image("abc").tobytes() != painter.generate_image("abc").tobytes()


def test_threads_draw_what_one_thread_draws() -> None:
    style = PycaptchaSettings(width=64, height=24)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda number: generate_captcha(style, 1, number).image.tobytes(), range(40)))
    assert together == [captcha.image.tobytes() for captcha in style.draw(1, 0, 40)]


def test_threads_have_a_source_each() -> None:
    source = pycaptcha._source
    before = source.rng
    with ThreadPoolExecutor(1) as pool:
        pool.submit(setattr, source, "rng", None).result()
    assert source.rng is before


@settings(max_examples=30)
@given(
    st.text(st.sampled_from(string.ascii_letters + string.digits + string.punctuation), min_size=1, max_size=8),
    st.integers(1, 32),
    st.integers(32, 400),
    st.integers(16, 200),
)
def test_any_text_can_be_drawn_in_any_size(symbols: str, length: int, width: int, height: int) -> None:
    symbols = "".join(dict.fromkeys(symbols))
    # A named alphabet ("lower") is one as well.
    style = PycaptchaSettings(symbols, min_length=length, max_length=length, width=width, height=height)
    assert generate_captcha(style, 0).image.size == (width, height)


def test_a_character_that_the_packages_font_lacks_is_refused() -> None:
    with pytest.raises(CaptchaLabError, match="no '\u3042'.*--alphabet"):
        PycaptchaSettings("a\u3042")


@pytest.mark.usefixtures("not_loaded")
@pytest.mark.parametrize("module", ["captcha", "captcha.image"])
def test_without_the_package_one_sentence_says_how_to_get_it(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CaptchaLabError) as caught:
        PycaptchaSettings()
    assert_plain(str(caught.value), "--style pycaptcha", "pip install captcha==0.7.1")


@pytest.mark.usefixtures("not_loaded")
def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pycaptcha, "version", lambda name: "0.6.0")
    with pytest.raises(CaptchaLabError) as caught:
        PycaptchaSettings()
    assert_plain(str(caught.value), "0.6.0 is installed", "pip install captcha==0.7.1")


def test_the_version_is_the_pinned_one() -> None:
    pins = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert re.search(rf"^captcha=={re.escape(pycaptcha.VERSION)}\b", pins, flags=re.MULTILINE)
