"""What a picture file may ask of a decoder, beside its size in pixels: parts, scans, tables, text.

Pillow reads headers and a few rare codings in Python, a part at a time, and believes what a file says of the length of
its tables. A file of a few megabytes can so take minutes or gigabytes while its picture is small. What is refused here
no program writes for a picture that people look at.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from captcha_core.errors import ImageError

MAX_SIDE = 4096
"""Largest height and width, in pixels."""

# Times that Pillow may read while it looks for the pixels: twice per entry, chunk or block of a comment. GIF comments
# are joined one by one, so that their time grows with the square of it.
_HEADER_READS = 4000
# Times that it may read for the pixels: once per run (BMP) or pixel (PPM of an odd depth), at a microsecond or two.
_PIXEL_READS = 250_000
# A progressive JPEG has about 10. Every further one is a pass over all its pixels, in 20 bytes of the file.
_MOST_SCANS = 64
# Of a table in a TIFF file, such as the places of its strips; tiles of 16 x 16 pixels need as many.
_MOST_VALUES = 65_536
_DIRECTORY_ENTRIES = 2000
_TILE_SIDES = (322, 323)
# Types of TIFF that are kept as bytes, whatever their length: BYTE, ASCII and UNDEFINED.
_BLOBS = (1, 2, 7)
# Pixels written as words; and each comment among them copies the rest.
_MOST_TEXT = 1 << 20
_MOST_COMMENTS = 100
_TEXT_PPM = (b"P1", b"P2", b"P3")

_MEND = "save it as PNG"


class MeteredBytes(io.BytesIO):
    """A picture's bytes, which can be read only so often.

    Args:
        data: The bytes.
        name: What to call the picture in the error.
    """

    def __init__(self, data: bytes, name: str) -> None:
        """Allow as many reads as a header needs."""
        super().__init__(data)
        self._name = name
        self._left = _HEADER_READS

    def allow_pixels(self) -> None:
        """Allow as many reads as the pixels need."""
        self._left = _PIXEL_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to ``size`` bytes.

        Raises:
            ImageError: If this was done too often.
        """
        self._left -= 1
        if self._left < 0:
            raise ImageError(f"{self._name} consists of too many small parts; {_MEND}.")
        return super().read(size)


def check_structure(data: bytes, name: str) -> None:
    """Refuse a file that Pillow would take too long or too much memory to read, whatever its size in pixels.

    Args:
        data: The whole file, of any format.
        name: What to call the picture in the error.

    Raises:
        ImageError: If it is such a file.
    """
    # In the coded pixels of a JPEG these two bytes cannot occur.
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > _MOST_SCANS:
        raise ImageError(f"{name} has more than {_MOST_SCANS} scans, which take too long to read; {_MEND}.")
    if data.startswith(_TEXT_PPM) and (len(data) > _MOST_TEXT or data.count(b"#") > _MOST_COMMENTS):
        raise ImageError(f"{name} has its pixels written as text, too much of it; {_MEND}.")
    if data.startswith((b"II", b"MM")):
        _check_tiff(data, name)


def _check_tiff(data: bytes, name: str) -> None:
    # Pillow and libtiff do not agree which of the two a big-endian file with this mark is.
    readings = (False, True) if data[3:4] == b"+" else (data[2:3] == b"+",)
    for big in readings:
        for number, (tag, kind, count, value) in enumerate(_entries(data, big)):
            too_long = kind not in _BLOBS and count > _MOST_VALUES
            if number >= _DIRECTORY_ENTRIES or too_long or (tag in _TILE_SIDES and value > MAX_SIDE):
                raise ImageError(f"{name} has a table or a tile that is too large; {_MEND}.")


def _entries(data: bytes, big: bool) -> Iterator[tuple[int, int, int, int]]:
    """Yield tag, type, count and value of the first directory of a TIFF file, as far as there is one."""
    order = "<" if data.startswith(b"II") else ">"
    start, length, entry = ("8xQ", "Q", "HHQ8s") if big else ("4xL", "H", "HHL4s")
    try:
        (place,) = struct.unpack_from(order + start, data)
        (entries,) = struct.unpack_from(order + length, data, place)
        place += struct.calcsize(order + length)
        for number in range(entries):
            tag, kind, count, value = struct.unpack_from(
                order + entry, data, place + number * struct.calcsize(order + entry)
            )
            short = struct.unpack_from(order + "H", value)[0]
            yield tag, kind, count, short if kind == 3 else int.from_bytes(value, "little" if order == "<" else "big")
    except (struct.error, OverflowError):
        return  # It ends too early, as Pillow will find; a place beyond all memory is no number that struct takes.
