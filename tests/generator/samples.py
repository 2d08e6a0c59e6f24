"""Small styles and what a set holds, for the tests of the generator."""

from __future__ import annotations

from pathlib import Path

from captcha_core.data.load import load_data
from captcha_core.data.schema import ALL_SPLITS, Sample
from captcha_core.data.split import pixel_digest
from captcha_core.generator import GeneratorSettings, PycaptchaSettings, Style
from captcha_core.imaging import load_image

SMALL = GeneratorSettings(width=64, height=24, min_length=2, max_length=3)
BOTH_STYLES: dict[str, Style] = {
    "default": SMALL,
    "pycaptcha": PycaptchaSettings(width=64, height=24, min_length=2, max_length=3),
}
# Nothing of it is random but the text, which fills the width: sixteen pictures in all.
SIXTEEN = GeneratorSettings(
    alphabet="ab",
    min_length=4,
    max_length=4,
    width=32,
    height=16,
    size_jitter=0.0,
    rotation=0.0,
    shear=0.0,
    offset=0.0,
    spots=0,
    lines=0,
    elastic_alpha=0.0,
    char_size=1.0,
    spacing=1.0,
    fonts=("DejaVuSansMono",),
    text_colors=("black",),
    background_colors=("white",),
)


def rows_of(path: Path) -> list[Sample]:
    """Read a set as every command of the project does."""
    has_split = path.suffix == ".parquet" and _has_split(path)
    return list(load_data([path], split=ALL_SPLITS if has_split else None))


def digests_of(path: Path) -> list[bytes]:
    """Return what tells the pictures of a set apart."""
    return [pixel_digest(load_image(row.image)) for row in rows_of(path)]


def everything(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes, hidden ones too."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def _has_split(path: Path) -> bool:
    import pyarrow.parquet as pq

    return "split" in pq.read_schema(path).names
