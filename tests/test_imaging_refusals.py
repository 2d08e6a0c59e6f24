"""What is no picture, or too much of one, is refused in one plain sentence that names it."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from captcha_core import imaging, picture_limits
from captcha_core.errors import ImageError
from captcha_core.imaging import FORMATS, MAX_PIXELS, MIN_SIDE, load_image, read_picture
from captcha_core.picture_limits import MAX_SIDE
from tests.data.samples import encoded, picture, png, png_header


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
