"""Pictures of every kind come in as clean RGB; what is refused is in test_imaging_refusals.py."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from captcha_core.errors import ImageError
from captcha_core.imaging import FORMATS, load_image, read_picture
from tests.data.samples import encoded, picture, png

ROOT = Path(__file__).resolve().parent.parent
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "PPM": {}, "WEBP": {"lossless": True}}


def flat(mode: str, colour: object) -> Image.Image:
    return Image.new(mode, (20, 10), colour)  # type: ignore[arg-type]


def first_pixel(source: bytes | Image.Image) -> tuple[int, ...]:
    return tuple(np.asarray(load_image(source))[0, 0].tolist())


@pytest.mark.parametrize("kind", FORMATS)
def test_every_allowed_format_is_read(kind: str) -> None:
    result = load_image(encoded(picture(1), kind))
    assert (result.mode, result.size) == ("RGB", (24, 12))


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats_keep_their_pixels(kind: str) -> None:
    result = load_image(encoded(picture(1), kind, **LOSSLESS[kind]))
    assert result.tobytes() == picture(1).tobytes()


@pytest.mark.parametrize("kind", ["ICO", "JPEG2000", "TGA", "EPS", "PCX"])
def test_other_formats_are_not_let_in(kind: str) -> None:
    with pytest.raises(ImageError, match=r"a\.bin is not a readable image; save it as PNG"):
        load_image(encoded(picture(1), kind), name="a.bin")


def test_every_kind_of_source_gives_the_same_picture(tmp_path: Path) -> None:
    data = png(3)
    path = tmp_path / "x.png"
    path.write_bytes(data)
    at_its_end = io.BytesIO(data)
    at_its_end.read()
    sources: list[Any] = [data, path, str(path), io.BytesIO(data), at_its_end, picture(3), Image.open(path)]
    assert {load_image(source).tobytes() for source in sources} == {picture(3).tobytes()}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (flat("RGBA", (9, 9, 9, 0)), (255, 255, 255)),
        (flat("RGBA", (0, 0, 0, 51)), (204, 204, 204)),
        (flat("LA", (9, 0)), (255, 255, 255)),
        (flat("LA", (9, 255)), (9, 9, 9)),
        (flat("1", 1), (255, 255, 255)),
        (flat("L", 77), (77, 77, 77)),
        (flat("CMYK", (0, 255, 255, 0)), (255, 0, 0)),
        (flat("I;16", 65535), (255, 255, 255)),
        (flat("I;16", 32896), (128, 128, 128)),
        (flat("I;16", 200), (1, 1, 1)),
        (flat("I", 1), (1, 1, 1)),
        (flat("I", 255), (255, 255, 255)),
        (flat("I", 200), (200, 200, 200)),
        (flat("I", 51400), (200, 200, 200)),
        (flat("F", 0.2), (51, 51, 51)),
        (flat("F", 200.0), (200, 200, 200)),
        (flat("F", 1.0), (255, 255, 255)),
        (flat("F", 65535.0), (255, 255, 255)),
    ],
)
def test_every_mode_becomes_the_colour_it_shows(image: Image.Image, expected: tuple[int, int, int]) -> None:
    assert first_pixel(image) == expected


@pytest.mark.parametrize(
    ("values", "shown"),
    [([0.0, 0.2], [0, 51]), ([1000.0, 65535.0], [4, 255]), ([-0.1, 0.1], [0, 255]), ([0.0, 70_000.0], [0, 255])],
)
def test_black_is_0_but_for_what_is_beyond_every_white(values: list[float], shown: list[int]) -> None:
    image = Image.fromarray(np.tile(np.array(values, np.float32), (10, 10)))
    assert np.asarray(load_image(image))[0, :2, 0].tolist() == shown


def test_values_without_a_usual_white_are_stretched() -> None:
    values = np.linspace(-1, 1, 200, dtype=np.float32).reshape(10, 20)
    result = np.asarray(load_image(Image.fromarray(values)))
    assert (result.min(), result.max()) == (0, 255)


def test_the_largest_floats_are_stretched_too() -> None:
    largest = np.finfo(np.float32).max
    values = np.array([[-largest, 0, largest, np.inf, np.nan] * 4] * 10, dtype=np.float32)
    assert np.asarray(load_image(Image.fromarray(values)))[0, :5, 0].tolist() == [0, 128, 255, 255, 128]


def test_sixteen_bit_files_are_scaled_not_clipped() -> None:
    values = np.linspace(0, 65535, 200).astype(np.uint16).reshape(10, 20)
    for kind in ("PNG", "TIFF"):
        result = np.asarray(load_image(encoded(Image.fromarray(values), kind)))[..., 0]
        assert np.array_equal(result, np.rint(values / 257)), kind


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_a_transparent_colour_of_a_file_becomes_white(mode: str) -> None:
    image = Image.new(mode, (20, 10), 0)
    transparent = (0, 0, 0) if mode == "RGB" else 0
    assert first_pixel(encoded(image, transparency=transparent)) == (255, 255, 255)


def test_a_palette_with_alpha_is_laid_over_white() -> None:
    image = flat("P", 1)
    image.putpalette([0, 0, 0, 255, 0, 0, 255, 0])
    assert first_pixel(encoded(image, transparency=bytes([255, 0]))) == (255, 255, 255)
    assert first_pixel(encoded(image)) != (255, 255, 255)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [flat("RGB", colour) for colour in ("red", "blue")]
    for kind in ("GIF", "PNG", "WEBP"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        red, _, blue = first_pixel(data)
        assert red > 240, kind
        assert blue < 15, kind


def test_the_cameras_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    result = load_image(encoded(picture(1), "PNG", exif=exif))
    assert result.size == (12, 24)
    assert result.tobytes() == picture(1).transpose(Image.Transpose.ROTATE_270).tobytes()


def test_damaged_orientation_data_is_no_reason_to_refuse() -> None:
    damaged = load_image(encoded(picture(1), "JPEG", exif=b"Exif\0\0garbage"))
    assert damaged.tobytes() == load_image(encoded(picture(1), "JPEG")).tobytes()


@pytest.mark.parametrize("said", ["6", 6.0, (6,), None])
def test_an_orientation_that_is_no_whole_number_turns_nothing(said: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "getexif", lambda self: {0x0112: said})
    assert load_image(picture(1)).tobytes() == picture(1).tobytes()
    monkeypatch.setattr(Image.Image, "getexif", lambda self: 1 / 0)
    assert load_image(picture(1)).tobytes() == picture(1).tobytes()


@pytest.mark.parametrize("key", ["exif", "Raw profile type exif"])
def test_exif_data_of_any_length_are_not_looked_at(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "getexif", lambda self: {0x0112: 6})
    image = picture(1)
    for length, size in ((1 << 16, (12, 24)), (1 + (1 << 16), (24, 12))):
        image.info[key] = bytes(length)
        assert load_image(image).size == size
    assert load_image(image).tobytes() == picture(1).tobytes()


def test_the_result_carries_nothing_along() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "secret")
    result = load_image(encoded(picture(1), pnginfo=text, dpi=(72, 72)))
    assert type(result) is Image.Image
    assert result.info == {}


def test_a_pillow_picture_is_neither_changed_nor_shared() -> None:
    source = picture(1)
    source.info["comment"] = "mine"
    result = load_image(source)
    result.putpixel((0, 0), (1, 2, 3))
    assert source.tobytes() == picture(1).tobytes()
    assert source.info == {"comment": "mine"}


def test_read_picture_returns_the_bytes_undecoded(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"anything")
    assert read_picture(path) == b"anything"


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(FORMATS), places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8)
)
def test_whatever_is_in_a_file_a_picture_or_an_image_error_comes_out(kind: str, places: list[tuple[int, int]]) -> None:
    data = bytearray(encoded(picture(1), kind))
    for place, value in places:
        data[place % len(data)] = value
    try:
        result = load_image(bytes(data), name="fuzz.bin")
    except ImageError as error:
        assert str(error).startswith("fuzz.bin ")
    else:
        assert result.mode == "RGB"


def test_many_threads_agree() -> None:
    sources = [encoded(picture(seed), kind) for seed in range(8) for kind in LOSSLESS if kind != "PPM"]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(load_image, sources))
    assert [r.tobytes() for r in results] == [load_image(s).tobytes() for s in sources]


def test_pillow_and_warnings_are_left_as_they_are() -> None:
    code = (
        "import warnings, numpy, PIL.Image as I, PIL.ImageFile as F\n"
        "before = I.MAX_IMAGE_PIXELS, F.LOAD_TRUNCATED_IMAGES, list(warnings.filters)\n"
        "import captcha_core.imaging as c\n"
        "try: c.load_image(b'no')\nexcept c.ImageError: pass\n"
        "assert before == (I.MAX_IMAGE_PIXELS, F.LOAD_TRUNCATED_IMAGES, list(warnings.filters))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
