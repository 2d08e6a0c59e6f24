"""The contact sheet of ``evaluate.py --view``: pictures with what was read in them, as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from captcha_core.evaluation.marking import (
    COLOURS,
    NOT_OPENED,
    RIGHT,
    SIGNS,
    WRONG,
    pair_up,
    printable,
    verdict,
)
from captcha_core.evaluation.measure import Evaluation
from captcha_core.evaluation.report import figures_of
from captcha_core.evaluation.shown import Section, Shown
from captcha_core.prediction import Prediction, percent

COLUMNS = 5
_CELL = (232, 168)
_PICTURE = (212, 80)
_MARGIN, _LINE = 16, 19
_TEXT, _QUIET, _PAGE, _CARD, _EDGE = "#1b2430", "#526070", "#f4f6f8", "#ffffff", "#d5dbe2"
_MARK = "#fbc9c9"


def draw_sheet(evaluation: Evaluation, sections: Sequence[Section], title: str, note: str | None) -> Image.Image:
    """Draw the figures, then every section with its heading and ``COLUMNS`` pictures in a row.

    Args:
        evaluation: For the figures, which count every picture.
        sections: What is shown.
        title: Which model on which data.
        note: What one must know to understand the figures, if there is something.
    """
    width = 2 * _MARGIN + COLUMNS * _CELL[0]
    head = [line for text in _head(evaluation, title, note) for line in _wrapped(text, width - 2 * _MARGIN)]
    rows = sum(-(-len(section.shown) // COLUMNS) for section in sections)
    height = 2 * _MARGIN + (len(head) + 2 * len(sections)) * _LINE + rows * _CELL[1]
    sheet = Image.new("RGB", (width, height), _PAGE)
    pen = ImageDraw.Draw(sheet)
    y = _MARGIN
    for number, line in enumerate(head):
        pen.text((_MARGIN, y), line, _TEXT, _font(14, bold=number == 0))
        y += _LINE
    for section in sections:
        pen.text((_MARGIN, y + _LINE // 2), section.heading, COLOURS[section.outcome], _font(14, bold=True))
        y += 2 * _LINE
        for number, shown in enumerate(section.shown):
            row, column = divmod(number, COLUMNS)
            _draw_cell(sheet, shown, _MARGIN + column * _CELL[0], y + row * _CELL[1])
        y += -(-len(section.shown) // COLUMNS) * _CELL[1]
    return sheet


def _head(evaluation: Evaluation, title: str, note: str | None) -> list[str]:
    figures = "   ".join(f"{f.name} {f.value}" for f in figures_of(evaluation))
    return [title, figures, *([note] if note else [])]


def _draw_cell(sheet: Image.Image, shown: Shown, left: int, top: int) -> None:
    """Draw one picture with its outcome, its confidence, its label, the reading and its name."""
    pen = ImageDraw.Draw(sheet)
    outcome, words, number = _outcome(shown)
    right, bottom = left + _CELL[0] - 6, top + _CELL[1] - 6
    pen.rectangle((left, top, right, bottom), _CARD, _EDGE)
    pen.rectangle((left, top, right, top + 2), COLOURS[outcome])
    x, room = left + 7, _CELL[0] - 20
    if shown.picture is not None:
        picture = shown.picture.copy()
        picture.thumbnail(_PICTURE)
        sheet.paste(picture, (x + (room - picture.width) // 2, top + 7 + (_PICTURE[1] - picture.height) // 2))
    else:
        for line, text in enumerate(_wrapped(printable(str(shown.read)), room, size=11)[:5]):
            pen.text((x, top + 8 + 14 * line), text, _TEXT, _font(11))
    y = top + _PICTURE[1] + 11
    pen.text((x, y), f"{SIGNS[outcome]} {words}", COLOURS[outcome], _font(13, bold=True))
    pen.text((x + room, y), number, _TEXT, _font(13), anchor="ra")
    _draw_texts(pen, shown, (x, y + 17), room)
    pen.text((x, bottom - 15), _cut(printable(shown.file), room, 10), _QUIET, _font(10))


def _outcome(shown: Shown) -> tuple[str, str, str]:
    """Return the outcome, its words and the confidence."""
    if not isinstance(shown.read, Prediction):
        return NOT_OPENED, NOT_OPENED, ""
    outcome = RIGHT if shown.read.text == shown.label else WRONG
    return outcome, verdict(shown.label, shown.read.text), percent(shown.read.confidence, 1)


def _draw_texts(pen: ImageDraw.ImageDraw, shown: Shown, at: tuple[int, int], room: int) -> None:
    """Write label and reading below one another, with a mark behind what was read wrong and a line under it."""
    x, y = at
    read = shown.read.text if isinstance(shown.read, Prediction) else shown.label
    pairs = pair_up(shown.label, read)
    step = _font(15).getlength("0")
    places = int((room - 46) // step)
    for side, name in enumerate(("label", "read") if isinstance(shown.read, Prediction) else ("label",)):
        pen.text((x, y + 2), name, _QUIET, _font(11))
        if not any(pair[side] for pair in pairs):
            pen.text((x + 46, y + 2), "(nothing)", _QUIET, _font(11))
        for place, pair in enumerate(pairs[:places]):
            left, wrong = x + 46 + place * step, pair[0] != pair[1]
            if wrong and side == 1:
                pen.rectangle((left, y, left + step - 1, y + 17), _MARK)
            if wrong:
                pen.line((left + 1, y + 17, left + step - 2, y + 17), COLOURS[WRONG], 2)
            cut_off = place == places - 1 and len(pairs) > places
            pen.text((left, y), "…" if cut_off else printable(pair[side]), _TEXT, _font(15, bold=wrong))
        y += _LINE


def _wrapped(text: str, room: int, size: int = 14) -> list[str]:
    """Break a text into lines of at most ``room`` pixels."""
    lines = [""]
    for word in printable(text).split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if _font(size).getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(_cut(word, room, size))
    return [line for line in lines if line]


def _cut(text: str, room: int, size: int) -> str:
    """Shorten a text to ``room`` pixels; its end, where names differ, is kept."""
    places = int(room // _font(size).getlength("0"))
    return text if len(text) <= places else "…" + text[1 - places :]


@cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans Mono, which comes inside matplotlib and has the signs."""
    import matplotlib

    name = "DejaVuSansMono-Bold.ttf" if bold else "DejaVuSansMono.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)
