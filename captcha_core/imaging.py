"""The only gate for untrusted pixels: any picture in, a clean RGB picture or one plain error out.

Whatever a picture says about itself is checked before its pixels are decoded, only common formats are let in,
and nothing of Pillow's global state is touched, so that any number of threads may load pictures at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from captcha_core.errors import ImageError
from captcha_core.picture_limits import MAX_SIDE, MeteredBytes, check_structure

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "PPM")
"""Formats that are let in; each further one would be a further decoder open to hostile files."""

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
"""Endings of file names, in lower case, that stand for a picture in a folder."""

MAX_BYTES = 32 << 20
"""Largest encoded picture, in bytes."""

MAX_PIXELS = 4096 * 3072
"""Most pixels; a screen or a phone's photo fits. Decoding may take six times the 50 MB that these have with alpha."""

MIN_SIDE = 8
"""Smallest height and width, in pixels; no character can be told in fewer."""

_UNNAMED = "the picture"
# Longest EXIF data that is looked at, in bytes: what a JPEG can hold. It is parsed in Python, an entry at a time.
_MAX_EXIF = 1 << 16
# By the EXIF orientation, how to turn a picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WHITE_8_BIT = 255.0
_WHITE_16_BIT = 65535.0
_LARGEST = float(np.finfo(np.float32).max) / 2


def load_image(source: str | Path | bytes | BinaryIO | Image.Image, name: str | None = None) -> Image.Image:
    """Return a picture as clean RGB.

    Transparency is laid over white, of an animation the first frame is taken, 16-bit, 32-bit and float pixels are
    scaled to 0..255, and the camera's orientation (EXIF) is applied. The result carries no metadata and shares
    nothing with the source; a Pillow picture that is handed in (taken at its current frame) is not changed.

    Args:
        source: A path, the encoded bytes, an open binary file (read from its start), or a Pillow picture.
        name: What to call the picture in an error; by default the file's own name without its folder.

    Returns:
        An RGB picture of ``MIN_SIDE`` to ``MAX_SIDE`` pixels in height and width, and no more than ``MAX_PIXELS``.

    Raises:
        ImageError: If there is no such file, it is empty, truncated, damaged, too large or too small, is made to
            take very long (:mod:`captcha_core.picture_limits`), or is no picture in one of ``FORMATS``.
    """
    if isinstance(source, Image.Image):
        return _clean(_upright(source, name or _UNNAMED), name or _UNNAMED)
    if isinstance(source, str | Path):
        name = name or Path(source).name
        source = read_picture(source, name)
    name = name or _UNNAMED
    data = bytes(source) if isinstance(source, bytes | bytearray | memoryview) else _read_stream(source)
    _check_bytes(data, name)
    check_structure(data, name)
    stream = MeteredBytes(data, name)
    with _open(stream, name) as picture:
        stream.allow_pixels()
        upright = _upright(picture, name)
    # Decoders keep frames of their own for as long as their picture lives.
    del picture
    return _clean(upright, name)


def read_picture(path: str | Path, name: str | None = None) -> bytes:
    """Return the bytes of a picture file, without decoding it.

    Args:
        path: The file.
        name: What to call it in an error; by default its own name without its folder.

    Raises:
        ImageError: If there is no such file, or it is empty or larger than ``MAX_BYTES``.
    """
    path = Path(path)
    name = name or path.name or str(path)
    try:
        if path.is_dir():
            raise ImageError(f"{name} is a folder, not a picture; name the files in it.")
        if path.exists() and not path.is_file():
            raise ImageError(f"{name} is a device, not a picture; name a file.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ImageError(f"{name} does not exist; check the path.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path is not valid"
        raise ImageError(f"{name} cannot be opened ({reason}); check the path and its permissions.") from error
    _check_bytes(data, name)
    return data


def _read_stream(stream: BinaryIO) -> bytes:
    if stream.seekable():
        stream.seek(0)
    return stream.read(MAX_BYTES + 1)


def _check_bytes(data: bytes, name: str) -> None:
    if not data:
        raise ImageError(f"{name} is empty (0 bytes); save or upload it again.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} is larger than {MAX_BYTES >> 20} MB; crop or shrink it to the text.")


def _open(stream: BinaryIO, name: str) -> Image.Image:
    """Read the header only; the pixels are still encoded."""
    try:
        return Image.open(stream, formats=FORMATS)
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(
            f"{name} is far larger than {MAX_SIDE:,} x {MAX_SIDE:,} pixels; crop or shrink it to the text."
        ) from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is not a readable image; save it as PNG or JPEG (read are {', '.join(FORMATS)})."
        ) from error
    except Exception as error:  # A hostile header can make a decoder raise anything; none of it is the user's fault.
        raise _damaged(name) from error


def _clean(upright: Image.Image, name: str) -> Image.Image:
    try:
        result = _rgb(upright)
    except Exception as error:  # As in _open: whatever a conversion raises, the file is to blame.
        raise _damaged(name) from error
    result.info.clear()
    return result


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if max(size) > MAX_SIDE:
        raise ImageError(
            f"{name} is {width:,} x {height:,} pixels, more than {MAX_SIDE:,} on a side; crop or shrink it to the text."
        )
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name} is {width:,} x {height:,} pixels, more than {MAX_PIXELS:,} in all; crop or shrink it to the text."
        )
    if min(size) < MIN_SIDE:
        raise ImageError(
            f"{name} is {width} x {height} pixels, too small to hold text; give one of at least {MIN_SIDE} on a side."
        )


def _damaged(name: str) -> ImageError:
    return ImageError(f"{name} is truncated or damaged; save or download it again.")


def _upright(picture: Image.Image, name: str) -> Image.Image:
    """Decode a picture of a size that may be into one of its own, turned as its EXIF data says."""
    _check_size(picture.size, name)
    try:
        picture.load()
        turn = _TURNS.get(_orientation(picture))
        return picture.copy() if turn is None else picture.transpose(turn)
    except ImageError:
        raise
    except Exception as error:  # As in _open.
        raise _damaged(name) from error


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation; damaged EXIF data is no reason to refuse a picture."""
    if max(len(picture.info.get(key, b"")) for key in ("exif", "Raw profile type exif")) > _MAX_EXIF:
        return 1
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _eight_bit(picture).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    pixels = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels).convert("RGB")


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Scale pixels of 16 or 32 bits, or floats, to 0..255.

    Sixteen-bit modes are white at 65535. Others do not say what their white is, so it is the smallest usual one
    (1 for floats, 255, 65535) which no pixel exceeds; pixels beyond all of these, or negative, are stretched from
    the darkest to the brightest.
    """
    values: NDArray[np.float32] = np.array(picture, dtype=np.float32)
    # Half of what a float holds, so that no difference is beyond it.
    np.clip(np.nan_to_num(values, copy=False), -_LARGEST, _LARGEST, out=values)
    low, high = 0.0, float(values.max())
    if picture.mode.startswith("I;16"):
        high = _WHITE_16_BIT
    elif values.min() < 0 or high > _WHITE_16_BIT:
        low = float(values.min())
    else:
        whites = (1.0, _WHITE_8_BIT, _WHITE_16_BIT) if picture.mode == "F" else (_WHITE_8_BIT, _WHITE_16_BIT)
        high = next(white for white in whites if high <= white)
    # In place: a large picture's floats are as large as all the rest.
    values -= low
    values *= _WHITE_8_BIT / max(high - low, 1e-9)
    return Image.fromarray(np.rint(values, out=values).astype(np.uint8))
