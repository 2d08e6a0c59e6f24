"""The only gate for untrusted pixels: any picture in, a clean RGB picture or one plain error out.

Whatever a picture says about itself is checked before its pixels are decoded, only common formats are let in,
and nothing of Pillow's global state is touched, so that any number of threads may load pictures at once.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from captcha_core.errors import ImageError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "PPM")
"""Formats that are let in; each further one would be a further decoder open to hostile files."""

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
"""Endings of file names, in lower case, that stand for a picture in a folder."""

MAX_BYTES = 32 << 20
"""Largest encoded picture, in bytes."""

MAX_SIDE = 4096
"""Largest height and width, in pixels; a screen or a phone's photo fits. So at most 16.8 million pixels, or 50 MB."""

MIN_SIDE = 8
"""Smallest height and width, in pixels; no character can be told in fewer."""

_UNNAMED = "the picture"
_WHITE_8_BIT = 255.0
_WHITE_16_BIT = 65535.0


def load_image(source: str | Path | bytes | BinaryIO | Image.Image, name: str | None = None) -> Image.Image:
    """Return a picture as clean RGB.

    Transparency is laid over white, of an animation the first frame is taken, 16-bit, 32-bit and float pixels are
    scaled to 0..255, and the camera's orientation (EXIF) is applied. The result carries no metadata and shares
    nothing with the source; a Pillow picture that is handed in (taken at its current frame) is not changed.

    Args:
        source: A path, the encoded bytes, an open binary file (read from its start), or a Pillow picture.
        name: What to call the picture in an error; by default the file's own name without its folder.

    Returns:
        An RGB picture of ``MIN_SIDE`` to ``MAX_SIDE`` pixels in height and width.

    Raises:
        ImageError: If there is no such file, it is empty, truncated, damaged, too large or too small, or is no
            picture in one of ``FORMATS``.
    """
    if isinstance(source, Image.Image):
        return _clean(source, name or _UNNAMED)
    if isinstance(source, str | Path):
        name = name or Path(source).name
        source = read_picture(source, name)
    name = name or _UNNAMED
    data = bytes(source) if isinstance(source, bytes | bytearray | memoryview) else _read_stream(source)
    _check_bytes(data, name)
    with _open(data, name) as picture:
        return _clean(picture, name)


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


def _open(data: bytes, name: str) -> Image.Image:
    """Read the header only; the pixels are still encoded."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
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


def _clean(picture: Image.Image, name: str) -> Image.Image:
    _check_size(picture.size, name)
    try:
        result = _rgb(_upright(picture))
    except Exception as error:  # As in _open: whatever a decoder raises, the file is to blame.
        raise _damaged(name) from error
    result.info.clear()
    return result


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if max(size) > MAX_SIDE:
        raise ImageError(
            f"{name} is {width:,} x {height:,} pixels, more than {MAX_SIDE:,} on a side; crop or shrink it to the text."
        )
    if min(size) < MIN_SIDE:
        raise ImageError(
            f"{name} is {width} x {height} pixels, too small to hold text; give one of at least {MIN_SIDE} on a side."
        )


def _damaged(name: str) -> ImageError:
    return ImageError(f"{name} is truncated or damaged; save or download it again.")


def _upright(picture: Image.Image) -> Image.Image:
    """Decode the picture and turn it as its EXIF data says; damaged EXIF data is no reason to refuse it."""
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _eight_bit(picture).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    pixels = picture.convert("RGBA")
    flat = Image.new("RGBA", pixels.size, "white")
    flat.alpha_composite(pixels)
    return flat.convert("RGB")


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Scale pixels of 16 or 32 bits, or floats, to 0..255.

    Sixteen-bit modes are white at 65535. Others do not say what their white is, so it is the smallest usual one
    (1 for floats, 255, 65535) which no pixel exceeds; pixels beyond all of these, or negative, are stretched from
    the darkest to the brightest.
    """
    values: NDArray[np.float32] = np.nan_to_num(np.asarray(picture, dtype=np.float32))
    low, high = 0.0, float(values.max())
    if picture.mode.startswith("I;16"):
        high = _WHITE_16_BIT
    elif values.min() < 0 or high > _WHITE_16_BIT:
        low = float(values.min())
    else:
        whites = (1.0, _WHITE_8_BIT, _WHITE_16_BIT) if picture.mode == "F" else (_WHITE_8_BIT, _WHITE_16_BIT)
        high = next(white for white in whites if high <= white)
    scaled = (values - low) * (_WHITE_8_BIT / max(high - low, 1e-9))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
