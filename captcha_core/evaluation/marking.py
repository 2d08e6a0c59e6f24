"""What the page, the contact sheet and the figures have in common: a reading beside its label, marked alike."""

from __future__ import annotations

from PIL import Image

from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.metrics import align, character_pairs
from captcha_core.prediction import Prediction

RIGHT, WRONG, NOT_OPENED = "right", "wrong", "not opened"
"""What can become of a picture."""

SIGNS = {RIGHT: "✓", WRONG: "✗", NOT_OPENED: "!"}
"""A sign per outcome, so that none is told by its colour alone."""

COLOURS = {RIGHT: "#14602f", WRONG: "#a11212", NOT_OPENED: "#7a4a00"}
"""A colour per outcome, dark enough to write in on white."""

THUMBNAIL = (320, 160)
"""Largest width and height, in pixels, in which a picture is kept to be shown."""

GAP = "·"
"""Stands where one of the two texts has no character."""


def outcome_of(label: str, read: Prediction | CaptchaLabError) -> str:
    """Return ``RIGHT`` when the text equals the label, case included, else ``WRONG`` or ``NOT_OPENED``."""
    if not isinstance(read, Prediction):
        return NOT_OPENED
    return RIGHT if read.text == label else WRONG


def verdict(label: str, text: str) -> str:
    """Return the outcome of a reading in words: right, wrong, or wrong in nothing but case."""
    if text == label:
        return "right"
    return "wrong case" if text.casefold() == label.casefold() else "wrong"


def pair_up(label: str, text: str) -> list[tuple[str, str]]:
    """Return the characters of a label beside those of the text; one side is empty where the other has one more."""
    return list(character_pairs(align([label], [text])))


def aligned_lines(label: str, text: str) -> tuple[str, str, str]:
    """Return label and text as lines of one width, with ``GAP`` where one has no character, and a line of carets.

    A caret stands under every place where the two differ.
    """
    pairs = pair_up(label, text)
    return (
        "".join(truth or GAP for truth, _ in pairs),
        "".join(read or GAP for _, read in pairs),
        "".join("^" if truth != read else " " for truth, read in pairs).rstrip(),
    )


def printable(text: str) -> str:
    """Return a text with a replacement mark for what cannot be printed, so that it neither hides nor breaks a line."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def thumbnail(picture: Image.Image) -> Image.Image:
    """Return a copy of a picture that is no larger than ``THUMBNAIL``."""
    small = picture.copy()
    small.thumbnail(THUMBNAIL)
    return small
