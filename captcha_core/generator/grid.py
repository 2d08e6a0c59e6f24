"""A contact sheet of captchas."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path
from captcha_core.generator.base import Captcha

_CELL = (200, 80)


def check_grid_path(path: str | Path) -> None:
    """Raise a CaptchaLabError unless a contact sheet can be saved under a name like this."""
    if Image.registered_extensions().get(Path(path).suffix.lower()) not in Image.SAVE:
        raise CaptchaLabError(f"{path} does not end like a picture file; name it .png, for instance.")


def save_grid_image(captchas: list[Captcha], path: str | Path, columns: int = 10) -> None:
    """Save pictures as a contact sheet with their texts below, ``columns`` in a row.

    Args:
        captchas: At least one picture. Where they differ in size, larger ones than 200x80 are shown smaller.
        path: A picture file; its suffix decides the format.
        columns: Pictures in a row.

    Raises:
        CaptchaLabError: If the suffix is not one of a picture, or the file cannot be written.
    """
    check_grid_path(path)
    pictures = _of_like_size([captcha.image for captcha in captchas])
    width, height = (max(p.size[axis] for p in pictures) for axis in (0, 1))
    rows = -(-len(captchas) // columns)
    caption, gap = 14, 4
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + caption + gap) + gap), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (captcha, picture) in enumerate(zip(captchas, pictures, strict=True)):
        x = gap + number % columns * (width + gap)
        y = gap + number // columns * (height + caption + gap)
        sheet.paste(picture, (x + (width - picture.width) // 2, y + (height - picture.height) // 2))
        pen.text((x + width / 2, y + height + 1), captcha.text, fill="black", anchor="ma")
    with atomic_path(path) as temporary:
        sheet.save(temporary)


def _of_like_size(pictures: list[Image.Image]) -> list[Image.Image]:
    if len({picture.size for picture in pictures}) == 1:
        return pictures
    return [ImageOps.contain(p, _CELL) if p.width > _CELL[0] or p.height > _CELL[1] else p for p in pictures]
