"""Files that mean no good, the same for the same seed; run as a program, it puts all of them through ``load_image``.

``python -m tests.hostile_pictures CORPUS`` takes them from a zip that ``write_corpus`` made, prints a line of JSON
before and after each, and then how much memory the whole took above what a harmless picture of every kind takes.
"""

from __future__ import annotations

import json
import random
import re
import signal
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from captcha_core.errors import ImageError
from captcha_core.imaging import FORMATS, load_image
from tests.data.samples import encoded, picture, png_header

SECONDS = 2.0
"""Most processor time that a file may take, on a machine that does nothing else; the process is then killed."""

_FLIPS, _CUTS, _BLOCKS, _TAILS = 36, 24, 12, 4
_WIDE, _HIGH = 4096, 3072  # The most pixels that are let in.


def corpus(seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield files with names that say what is wrong with them: more than 2,000."""
    rng = random.Random(seed)
    for name, data in harmless().items():
        yield f"{name}-whole", data
        for number in range(_FLIPS):
            yield f"{name}-flip{number}", _flipped(data, rng)
        for number in range(_CUTS):
            yield f"{name}-cut{number}", data[: len(data) * number // _CUTS]
        for number in range(_BLOCKS):
            yield f"{name}-block{number}", _replaced(data, rng)
        for number in range(_TAILS):
            yield f"{name}-tail{number}", data + rng.randbytes(10 ** (number + 1))
    for name, make in {**REFUSED, **READ, **EITHER}.items():
        yield name, make()


def harmless() -> dict[str, bytes]:
    """Return small pictures of every kind that an allowed format has, by name."""
    rgb = picture(1)
    rgba, palette, grey = rgb.convert("RGBA"), rgb.quantize(16), rgb.convert("L")
    deep = Image.fromarray(np.linspace(0, 65535, 288).astype(np.uint16).reshape(12, 24))
    real = Image.fromarray(np.linspace(-1, 1, 288, dtype=np.float32).reshape(12, 24))
    frames = {"save_all": True, "append_images": [picture(2)]}
    turned = Image.Exif()
    turned[0x0112] = 6
    files = {kind.lower(): encoded(rgb, kind) for kind in FORMATS}
    files |= {f"png-{mode}": encoded(rgb.convert(mode), "PNG") for mode in ("1", "LA", "RGBA")}
    files |= {
        "png-16": encoded(deep, "PNG"),
        "png-palette": encoded(palette, "PNG", transparency=b"\0\x80\xff"),
        "png-frames": encoded(rgb, "PNG", **frames),
        "png-profile": encoded(rgb, "PNG", icc_profile=bytes(range(256)) * 9, exif=turned),
        "jpeg-cmyk": encoded(rgb.convert("CMYK"), "JPEG"),
        "jpeg-progressive": encoded(rgb, "JPEG", progressive=True),
        "jpeg-profile": encoded(rgb, "JPEG", icc_profile=bytes(range(256)) * 9, exif=turned, comment=b"x" * 99),
        "gif-frames": encoded(palette, "GIF", **frames),
        "webp-lossless": encoded(rgba, "WEBP", lossless=True),
        "webp-frames": encoded(rgb, "WEBP", **frames),
        "bmp-1": encoded(rgb.convert("1"), "BMP"),
        "tiff-float": encoded(real, "TIFF"),
        "tiff-16": encoded(deep, "TIFF"),
        "tiff-cmyk": encoded(rgb.convert("CMYK"), "TIFF"),
        "tiff-pages": encoded(rgb, "TIFF", compression="tiff_lzw", **frames),
        "tiff-jpeg": encoded(rgb, "TIFF", compression="jpeg"),
        "tiff-fax": encoded(rgb.convert("1"), "TIFF", compression="group4"),
        "tiff-deflate": encoded(real, "TIFF", compression="tiff_adobe_deflate"),
        "pgm": encoded(grey, "PPM"),
        "pgm-text": b"P2 # grey\n24 12\n255\n" + b" ".join(b"%d" % value for value in grey.tobytes()),
        "pbm-text": b"P1\n24 12\n" + b"01" * 144,
        "pgm-odd": b"P5 24 12 254\n" + grey.tobytes(),
    }
    return files


def _flipped(data: bytes, rng: random.Random) -> bytes:
    """Return the file with one to eight changed bits, half of the time near its start, where the header is."""
    changed = bytearray(data)
    reach = min(len(data), 64) if rng.random() < 0.5 else len(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _replaced(data: bytes, rng: random.Random) -> bytes:
    """Return the file with a block lost, doubled, or overwritten by what breaks lengths: 00, FF or noise."""
    start = rng.randrange(len(data))
    stop = min(len(data), start + rng.randint(1, 64))
    block = data[start:stop]
    other = rng.choice([b"", block * 3, bytes(len(block)), b"\xff" * len(block), rng.randbytes(len(block))])
    return data[:start] + other + data[stop:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_with(*chunks: bytes) -> bytes:
    """Return a PNG with further chunks between its header and its pixels."""
    data = encoded(picture(1), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def _tiff(*entries: tuple[int, int, int, int], tail: bytes = bytes(400)) -> bytes:
    """Return a grey TIFF of 20 x 20 pixels with these entries (tag, type, count, value) in place of its own."""
    own = [(256, 4, 1, 20), (257, 4, 1, 20), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 200)]
    own += [(277, 3, 1, 1), (278, 4, 1, 20), (279, 4, 1, 400)]
    merged = sorted(({entry[0]: entry for entry in own} | {entry[0]: entry for entry in entries}).values())
    head = b"II*\0" + struct.pack("<IH", 8, len(merged)) + b"".join(struct.pack("<HHII", *e) for e in merged)
    return head.ljust(200, b"\0") + tail


def _gif_with_comment(size: int) -> bytes:
    data = encoded(picture(1).quantize(2), "GIF")
    start = 13 + 3 * (2 << (data[10] & 7))
    return data[:start] + b"\x21\xfe" + (b"\xff" + b"x" * 255) * (size // 256) + b"\0" + data[start:]


def _jpeg_of_many_scans(scans: int) -> bytes:
    data = encoded(Image.new("L", (_WIDE, _HIGH)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * (scans - data.count(b"\xff\xda") + 1) + b"\xff\xd9"


def _bmp_of_runs(runs: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, 4000, 1000, 1, 8, 1, 2 * runs, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + 2 * runs, 0, 0, 1078) + head + bytes(1024) + b"\1\1" * runs


def _sized(width: int, height: int) -> dict[str, Callable[[], bytes]]:
    """Return files of a few bytes whose headers give this size."""
    gif = bytearray(encoded(picture(1).quantize(2), "GIF"))
    frame = gif.index(b",", 13 + 3 * (2 << (gif[10] & 7)))
    gif[6:10] = gif[frame + 5 : frame + 9] = struct.pack("<HH", min(width, 65535), min(height, 65535))
    bmp = bytearray(encoded(picture(1), "BMP"))
    bmp[18:26] = struct.pack("<ii", width, height)
    jpeg = bytearray(encoded(picture(1), "JPEG"))
    start = jpeg.index(b"\xff\xc0") + 5
    jpeg[start : start + 4] = struct.pack(">HH", min(height, 65535), min(width, 65535))
    return {
        "png": lambda: png_header(width, height),
        "gif": lambda: bytes(gif),
        "bmp": lambda: bytes(bmp),
        "jpeg": lambda: bytes(jpeg),
        "tiff": lambda: _tiff((256, 4, 1, width), (257, 4, 1, height), (278, 4, 1, height)),
        "ppm": lambda: b"P6 %d %d 255\n" % (width, height) + bytes(99),
    }


def _bomb(mode: str, kind: str, height: int = _HIGH, **options: object) -> Callable[[], bytes]:
    """Return what makes a file of few bytes and of so many pixels, turned by its camera."""
    turned = Image.Exif()
    turned[0x0112] = 6
    return lambda: encoded(Image.new(mode, (_WIDE, height)), kind, exif=turned, **options)


_LONG = 1 << 21
_HTML = b"<html><script>alert(1)</script></html>"

REFUSED: dict[str, Callable[[], bytes]] = {
    **{f"huge-{name}": make for name, make in _sized(60_000, 60_000).items()},
    **{f"zero-{name}": make for name, make in _sized(0, 0).items()},
    **{f"thin-{name}": make for name, make in _sized(1, 4000).items()},
    "empty": lambda: b"",
    "svg": lambda: (
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
    ),
    "pdf": lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
    "eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n(/etc/passwd) run\n",
    "html": lambda: _HTML,
    **{kind.lower(): lambda kind=kind: encoded(picture(1), kind) for kind in ("ICO", "JPEG2000", "TGA", "PCX")},  # type: ignore[misc]
    "layers-psd": lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 20, 20, 8, 3) + bytes(2000),
    "too-many-pixels": _bomb("RGB", "PNG", height=_HIGH + 1),
    "chunks-before": lambda: _png_with(_chunk(b"tEXt", b"a\0b") * (_LONG // 16)),
    "chunks-after": lambda: encoded(picture(1))[:-12] + _chunk(b"prVt", b"") * (_LONG // 12),
    "segments": lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * (_LONG // 4) + encoded(picture(1), "JPEG")[2:],
    "comment-gif": lambda: _gif_with_comment(_LONG),
    "comment-ppm": lambda: b"P5 #" + b"x" * _LONG + b"\n20 20 255\n" + bytes(400),
    "comments-text": lambda: b"P2 20 20 255\n" + b"#\n" * (_LONG // 4) + b"1 " * 400,
    "text-pixels": lambda: b"P2 1000 1000 255\n" + b"1 " * (_LONG // 2),
    "odd-pixels": lambda: b"P5 2000 2000 254\n" + bytes(4_000_000),
    "runs-bmp": lambda: _bmp_of_runs(_LONG // 2),
    "scans-jpeg": lambda: _jpeg_of_many_scans(3000),
    "strips-tiff": lambda: _tiff((273, 4, _LONG // 4, 200), tail=struct.pack("<I", 200) * (_LONG // 4)),
    "depths-tiff": lambda: _tiff((258, 3, _LONG // 2, 200), tail=bytes(_LONG)),
    "tile-tiff": lambda: _tiff((322, 4, 1, 30_000), (323, 4, 1, 30_000), (324, 4, 1, 200), (325, 4, 1, 400)),
    "entries-tiff": lambda: (
        b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 90_000) + struct.pack("<HHQQ", 9, 3, 1, 1) * 90_000
    ),
}
"""What must be refused, by name; each entry makes the file."""

READ: dict[str, Callable[[], bytes]] = {
    "bomb-png": _bomb("RGBA", "PNG"),
    "bomb-frames": _bomb("RGBA", "PNG", save_all=True, append_images=[Image.new("RGBA", (_WIDE, _HIGH), "red")]),
    "bomb-16": _bomb("I;16", "PNG"),
    "bomb-jpeg": _bomb("CMYK", "JPEG", progressive=True),
    "bomb-webp": _bomb("RGBA", "WEBP", lossless=True),
    "bomb-avif": _bomb("RGBA", "AVIF", speed=10, subsampling="4:4:4"),
    "bomb-gif": lambda: encoded(Image.new("P", (_WIDE, _HIGH)), "GIF", transparency=0),
    "bomb-float": _bomb("F", "TIFF", compression="tiff_adobe_deflate"),
    "bomb-cmyk": _bomb("CMYK", "TIFF", compression="tiff_lzw"),
    "scans-some": lambda: _jpeg_of_many_scans(60),
    "exif-of-many-entries": lambda: encoded(
        picture(1), exif=b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 90_000) + struct.pack("<HHQQ", 9, 3, 1, 1) * 90_000
    ),
    "exif-loop": lambda: encoded(picture(1), exif=b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8)),
    "not-a-number": lambda: encoded(Image.fromarray(np.full((20, 20), np.nan, np.float32)), "TIFF"),
    "beyond-all-numbers": lambda: encoded(Image.fromarray(np.array([[3e38, -3e38] * 10] * 20, np.float32)), "TIFF"),
    "png-and-zip": lambda: encoded(picture(1)) + b"PK\3\4" + bytes(99) + b"PK\5\6" + bytes(18),
    "jpeg-and-html": lambda: encoded(picture(1), "JPEG", comment=_HTML) + _HTML,
    "gif-and-script": lambda: encoded(picture(1).quantize(2), "GIF", comment=b"*/=1;alert(1)/*"),
}
"""What must be read, however odd it is."""

EITHER: dict[str, Callable[[], bytes]] = {
    "profile-bomb": lambda: _png_with(_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1 << 27)))),
    "text-bomb": lambda: _png_with(*[_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20)))] * 63),
    "pdf-and-jpeg": lambda: b"%PDF-1.7\n" + encoded(picture(1), "JPEG"),
    "jpeg-and-pdf": lambda: encoded(picture(1), "JPEG") + b"%PDF-1.7\n%%EOF",
    "tiff-of-itself": lambda: _tiff(tail=b"")[:-4] + struct.pack("<I", 8),
    "samples-tiff": lambda: _tiff((277, 3, 1, 65_535)),
}
"""What may be read or refused; it only has to end soon."""


def write_corpus(path: Path, seed: int) -> None:
    """Write the corpus as a zip; making it takes memory, so that is not for the process whose memory is measured."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in corpus(seed):
            archive.writestr(name, data)


def peak_kilobytes() -> int:
    """Return the most memory that this program has had; ``getrusage`` would count what started it."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8")) if status.exists() else None
    return int(found[1]) if found else 0


def main(path: Path) -> None:
    """Open every file, with a limit on its processor time that kills even in the middle of a decoder."""
    for category in (UserWarning, Image.DecompressionBombWarning):  # On damaged metadata, and on size.
        warnings.filterwarnings("ignore", category=category, module="PIL")
    for data in harmless().values():
        load_image(data)
    with zipfile.ZipFile(path) as archive:
        base = peak_kilobytes()
        for name in archive.namelist():
            data = archive.read(name)
            print(json.dumps({"opening": name}), flush=True)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                load_image(data, name)
                said = None
            except ImageError as error:
                said = str(error)
            signal.setitimer(signal.ITIMER_PROF, 0)
            print(json.dumps({"name": name, "said": said}))
    print(json.dumps({"kilobytes": peak_kilobytes() - base}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
