"""What a file may ask of a decoder: as much as the bound is read, one more is refused in a sentence."""

from __future__ import annotations

import struct

import pytest

from captcha_core import picture_limits
from captcha_core.errors import ImageError
from captcha_core.imaging import load_image
from captcha_core.picture_limits import MeteredBytes, check_structure

STRIPS, TILE_WIDTH, TILE_LENGTH = 273, 322, 323
SHORT, LONG = 3, 4


def refusal(data: bytes) -> str:
    """Return what is said of a file; nothing where it is let in."""
    try:
        check_structure(data, "x.png")
    except ImageError as error:
        return str(error)
    return ""


def tiff(*entries: tuple[int, int, int, int], order: str = "<", big: bool = False, mark: int | None = None) -> bytes:
    """Return the head of a TIFF file with entries of tag, type, count and value."""
    head = b"II" if order == "<" else b"MM"
    mark = (43 if big else 42) if mark is None else mark
    if big:
        data = head + struct.pack(order + "HHHQ", mark, 8, 0, 16) + struct.pack(order + "Q", len(entries))
    else:
        data = head + struct.pack(order + "HL", mark, 8) + struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        width = 8 if big else 4
        number = struct.pack(order + {SHORT: "H"}.get(kind, "Q" if big else "L"), value).ljust(width, b"\0")
        data += struct.pack(order + ("HHQ" if big else "HHL"), tag, kind, count) + number
    return data


def test_scans_of_a_jpeg_are_counted() -> None:
    scan = b"\xff\xda"
    assert refusal(b"\xff\xd8" + 64 * scan) == ""
    said = "x.png has more than 64 scans, which take too long to read; save it as PNG."
    assert refusal(b"\xff\xd8" + 65 * scan) == said
    assert refusal(b"GIF" + 65 * scan) == ""


@pytest.mark.parametrize("kind", [b"P1", b"P2", b"P3"])
def test_pixels_written_as_text_are_few_and_have_few_comments(kind: bytes) -> None:
    said = "x.png has its pixels written as text, too much of it; save it as PNG."
    assert refusal(kind.ljust(1 << 20)) == ""
    assert refusal(kind.ljust(1 + (1 << 20))) == said
    assert refusal(kind + 100 * b"#\n") == ""
    assert refusal(kind + 101 * b"#\n") == said
    assert refusal(b"P6" + 101 * b"#\n" + bytes(1 << 20)) == ""


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_tables_and_tiles_of_a_tiff_are_bounded(order: str, big: bool) -> None:
    said = "x.png has a table or a tile that is too large; save it as PNG."
    plain = (256, SHORT, 1, 9)

    def of(*entries: tuple[int, int, int, int]) -> str:
        return refusal(tiff(*entries, order=order, big=big))

    assert of(plain, (STRIPS, LONG, 65_536, 8)) == ""
    assert of(plain, (STRIPS, LONG, 65_537, 8)) == of((STRIPS, SHORT, 65_537, 8)) == said
    assert [of((700, blob, 9_000_000, 8)) for blob in (1, 2, 7)] == ["", "", ""]
    for tag in (TILE_WIDTH, TILE_LENGTH):
        for kind in (SHORT, LONG):
            assert of(plain, (tag, kind, 1, 4096)) == ""
            assert of(plain, (tag, kind, 1, 4097)) == said
    assert of((TILE_WIDTH, LONG, 1, 1 << 16)) == said
    # No sign is read into any of the numbers.
    assert of((STRIPS, LONG, (1 << (64 if big else 32)) - 1, 8)) == said
    assert of((TILE_WIDTH, SHORT, 1, 65_535)) == said
    assert of(*[plain] * 2000) == ""
    assert of(*[plain] * 2001) == said


@pytest.mark.parametrize("big", [False, True])
def test_a_mark_that_two_readers_take_differently_is_read_both_ways(big: bool) -> None:
    assert refusal(tiff((STRIPS, LONG, 65_537, 8), order=">", big=big, mark=43)) != ""


@pytest.mark.parametrize("big", [False, True])
def test_a_directory_that_says_it_is_longest_is_read_as_far_as_it_goes(big: bool) -> None:
    whole, place, length = tiff((STRIPS, LONG, 65_537, 8), big=big), 16 if big else 8, 8 if big else 2
    assert refusal(whole[:place] + b"\xff" * length + whole[place + length :]) != ""


@pytest.mark.parametrize(("big", "number"), [(False, "<L"), (True, "<Q")])
def test_a_directory_beyond_the_file_is_left_to_the_decoder(big: bool, number: str) -> None:
    whole, head = tiff((STRIPS, LONG, 65_537, 8), big=big), 16 if big else 8
    start = head - struct.calcsize(number)
    for place in (len(whole), (1 << 8 * struct.calcsize(number)) - (len(whole) - head)):
        assert refusal(whole[:start] + struct.pack(number, place) + whole[head:]) == ""
    with pytest.raises(ImageError, match=r"^x\.tif is (not a readable image|truncated or damaged)"):
        load_image(whole[:start] + b"\xff" * struct.calcsize(number) + whole[head:], "x.tif")


def test_a_directory_that_ends_too_early_is_left_to_the_decoder() -> None:
    whole = tiff((STRIPS, LONG, 65_537, 8))
    assert [refusal(whole[:end]) for end in range(len(whole))] == [""] * len(whole)


def test_a_file_is_read_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_limits, "_HEADER_READS", 3)
    monkeypatch.setattr(picture_limits, "_PIXEL_READS", 2)
    stream = MeteredBytes(b"0123456789", "x.png")
    assert [stream.read(2), stream.read(1), stream.read()] == [b"01", b"2", b"3456789"]
    with pytest.raises(ImageError, match=r"^x\.png consists of too many small parts; save it as PNG\.$"):
        stream.read(1)
    stream.seek(0)
    stream.allow_pixels()
    assert [stream.read(1), stream.read(1)] == [b"0", b"1"]
    with pytest.raises(ImageError):
        stream.read(1)
