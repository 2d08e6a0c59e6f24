"""The side of a picture hangs on its pixels alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captcha_core.data.split import DIGEST_BYTES, pixel_digest, split_of, split_of_digest
from captcha_core.errors import ImageError
from tests.data.samples import encoded, picture

DIGESTS = st.binary(min_size=DIGEST_BYTES, max_size=DIGEST_BYTES)


def test_one_picture_in_several_formats_is_on_one_side() -> None:
    for seed in range(20):
        files = [encoded(picture(seed), kind) for kind in ("PNG", "BMP", "TIFF")]
        files.append(encoded(picture(seed), "PNG", compress_level=0))
        assert len({split_of(data, 0.5) for data in files}) == 1


def test_the_share_of_train_is_about_the_fraction() -> None:
    for fraction in (0.5, 0.9):
        train = sum(split_of_digest(pixel_digest(picture(seed, 8, 8)), fraction) == "train" for seed in range(2000))
        assert abs(train / 2000 - fraction) < 0.04


def test_sides_do_not_change_from_one_version_to_the_next() -> None:
    files = [encoded(Image.new("RGB", (24, 12), (red, 0, 0))) for red in range(12)]
    assert "".join(split_of(data, 0.5)[1] for data in files) == "rreeeererree"


@given(DIGESTS, st.floats(0, 1), st.floats(0, 1))
def test_train_stays_train_for_every_larger_fraction(digest: bytes, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert split_of_digest(digest, low) == "test" or split_of_digest(digest, high) == "train"


@given(DIGESTS)
def test_the_extremes_take_all(digest: bytes) -> None:
    assert (split_of_digest(digest, 0), split_of_digest(digest, 1)) == ("test", "train")


def test_a_digest_sees_one_pixel_and_the_shape() -> None:
    changed = picture(1)
    changed.putpixel((23, 11), (0, 0, 1))
    shapes = [Image.frombytes("RGB", size, picture(1).tobytes()) for size in ((24, 12), (12, 24))]
    digests = {pixel_digest(image) for image in (changed, *shapes)}
    assert len(digests) == 3
    assert {len(digest) for digest in digests} == {DIGEST_BYTES}


def test_an_unreadable_picture_has_no_side() -> None:
    with pytest.raises(ImageError):
        split_of(b"no picture", 0.5)
