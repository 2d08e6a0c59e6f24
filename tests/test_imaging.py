"""Pictures of every kind come in as clean RGB; everything else is one plain sentence."""

from __future__ import annotations

import io
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, PngImagePlugin

from captcha_core import imaging, picture_limits
from captcha_core.errors import ImageError
from captcha_core.imaging import FORMATS, MAX_PIXELS, MIN_SIDE, load_image, read_picture
from captcha_core.picture_limits import MAX_SIDE
from tests.data.samples import encoded, picture, png, png_header

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


def test_a_huge_header_is_refused_at_once_with_little_memory() -> None:
    tracemalloc.start()
    with pytest.raises(ImageError, match=r"big\.png is far larger than 4,096 x 4,096 pixels; crop or shrink it"):
        load_image(png_header(60_000, 60_000), name="big.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_size_is_checked_before_a_pixel_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(ImageError, match=r"a\.png is 20 x 4,097 pixels, more than 4,096 on a side"):
        load_image(png_header(20, MAX_SIDE + 1), name="a.png")
    rows = MAX_PIXELS // MAX_SIDE + 1
    with pytest.raises(ImageError, match=r"a\.png is 4,096 x 3,073 pixels, more than 12,582,912 in all"):
        load_image(png_header(MAX_SIDE, rows), name="a.png")
    with pytest.raises(ImageError, match=r"a\.png is 7 x 20 pixels, too small to hold text; .* at least 8"):
        load_image(png_header(MIN_SIDE - 1, 20), name="a.png")


def test_pictures_at_the_bounds_are_read() -> None:
    for size in [(MAX_SIDE, MIN_SIDE), (MIN_SIDE, MAX_SIDE)]:
        assert load_image(encoded(Image.new("L", size))).size == size


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_one_sentence(kind: str, share: float, tmp_path: Path) -> None:
    data = encoded(picture(2, 60, 40), kind)
    path = tmp_path / "half.png"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ImageError, match=r"half\.png is (truncated|not a readable)") as caught:
        load_image(path)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"^x\.png is empty \(0 bytes\); save or upload it again\.$"),
        (
            b"hello, this is text\n",
            r"^x\.png is not a readable image; save it as PNG or JPEG "
            r"\(read are PNG, JPEG, GIF, BMP, WEBP, TIFF, AVIF, PPM\)\.$",
        ),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", r"^x\.png is not a readable image"),
    ],
)
def test_files_that_are_no_pictures_are_one_sentence(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(data)
    for source in (path, str(path)):
        with pytest.raises(ImageError, match=message):
            load_image(source)
    with pytest.raises(ImageError, match=message), path.open("rb") as file:
        load_image(file, name="x.png")


def test_an_unnamed_source_never_shows_a_temporary_path(tmp_path: Path) -> None:
    path = tmp_path / "tmp123.png"
    path.write_bytes(b"no picture")
    with path.open("rb") as file, pytest.raises(ImageError, match=r"^the picture is not"):
        load_image(file)
    with pytest.raises(ImageError, match=r"^mine\.png is not"):
        load_image(path, name="mine.png")


def test_every_step_calls_the_picture_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, scans = Image.new("L", (MIN_SIDE - 1, 20)), b"\xff\xd8" + 65 * b"\xff\xda"
    for source in (small, encoded(small), scans, tmp_path / "gone.png"):
        with pytest.raises(ImageError, match=r"^mine\.png (is 7 x 20|has more than 64 scans|does not exist)"):
            load_image(source, name="mine.png")
    for source in (small, encoded(small), scans):
        with pytest.raises(ImageError, match="^the picture "):
            load_image(source)
    monkeypatch.setattr(imaging, "_rgb", lambda picture: 1 / 0)
    for source in (picture(1), png(1)):
        for name, called in (("mine.png", r"mine\.png"), (None, "the picture")):
            with pytest.raises(ImageError, match=f"^{called} is truncated or damaged"):
                load_image(source, name)
    monkeypatch.setattr(picture_limits, "_HEADER_READS", 1)
    with pytest.raises(ImageError, match=r"^mine\.png consists of too many small parts"):
        load_image(png(1), name="mine.png")


def test_a_picture_of_just_as_many_bytes_and_pixels_as_it_may_have_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imaging, "MAX_BYTES", len(png(1)))
    monkeypatch.setattr(imaging, "MAX_PIXELS", 24 * 12)
    assert load_image(png(1)).size == (24, 12)


def test_paths_that_are_no_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^gone\.png does not exist; check the path"):
        load_image(tmp_path / "gone.png")
    with pytest.raises(ImageError, match="is a folder, not a picture"):
        load_image(tmp_path)
    with pytest.raises(ImageError, match="is a device, not a picture"):
        load_image("/dev/zero")
    with pytest.raises(ImageError, match=r"cannot be opened \(the path is not valid\); check the path and its perm"):
        load_image("nul\0byte.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(ImageError, match=r"^loop\.png cannot be opened \(Too many levels of symbolic links\); check"):
        read_picture(tmp_path / "loop.png")


def test_a_file_that_is_only_read_is_named_without_its_folder_or_as_it_is_called(tmp_path: Path) -> None:
    for name, called in ((None, "gone.png"), ("mine.png", "mine.png")):
        with pytest.raises(ImageError, match=rf"^{called} does not exist"):
            read_picture(tmp_path / "gone.png", name)
    with pytest.raises(ImageError, match="^/ is a folder"):
        read_picture("/")


def test_of_an_endless_stream_no_more_is_read_than_a_picture_may_have() -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None and 0 < size < 2 * imaging.MAX_BYTES
            return b"x"

    with pytest.raises(ImageError, match="is not a readable image"):
        load_image(Endless())


def test_large_files_are_refused_without_being_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imaging, "MAX_BYTES", 1 << 20)
    path = tmp_path / "x.png"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    for read in (load_image, read_picture):
        tracemalloc.start()
        with pytest.raises(ImageError, match=r"x\.png is larger than 1 MB; crop or shrink"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
        tracemalloc.stop()
    for source in (bytes(1 + (1 << 20)), io.BytesIO(bytes(1 + (1 << 20)))):
        with pytest.raises(ImageError, match="is larger than 1 MB"):
            load_image(source)


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
