"""Parts of pages that several tabs show, as HTML; every text that is given is escaped, unless it is called HTML."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence

from PIL import Image

from captcha_core.data_url import data_url
from captcha_core.prediction import percent
from captcha_core.ui.confidence import level_of


def notice_html(reason: object) -> str:
    """Return why there is no result, an error or a sentence, where the result would stand."""
    return f'<p class="cl-notice" role="alert">{html.escape(str(reason))}</p>'


def said_html(sentence: str) -> str:
    """Return a sentence about what was just done."""
    return f'<p class="cl-note" role="status">{html.escape(sentence)}</p>'


def notes_html(notes: Sequence[str]) -> str:
    """Return sentences as a list; nothing where there is none."""
    items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return f'<ul class="cl-notes">{items}</ul>' if items else ""


def progress_html(name: str, words: str, done: int | None, most: int = 100) -> str:
    """Return a bar with words below it.

    Args:
        name: What goes on, for who does not see the bar.
        words: How far it is.
        done: How much of ``most`` is done; None where that is not known yet.
        most: What all is.
    """
    value = "" if done is None else f' value="{done}"'
    return (
        f'<div class="cl-progress"><progress max="{most}"{value} aria-label="{html.escape(name)}"></progress>'
        f"<p>{html.escape(words)}</p></div>"
    )


def rows_html(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose cells are HTML; where it is wider than the screen it can be scrolled, by keys too."""
    names = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="cl-scroll" role="region" aria-label="{html.escape(name)}" tabindex="0">'
        f'<table class="cl-table"><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def value_html(text: str, empty: str = "(no text)") -> str:
    """Return a text that was read or is a label, as a line of a table's cell; ``empty`` stands where there is none."""
    return f'<span class="cl-value">{html.escape(text)}</span>' if text else f'<span class="cl-none">{empty}</span>'


def code_html(text: str) -> str:
    """Return such a text within a sentence."""
    return f'<span class="cl-code">{html.escape(text)}</span>' if text else '<span class="cl-none">nothing</span>'


def badge_html(confidence: float, doubtful_below: float = 0.0) -> str:
    """Return a confidence as number and colour, with a mark where it is doubtful."""
    mark = ' <span class="cl-mark" title="doubtful">?</span>' if confidence < doubtful_below else ""
    return f'<span class="cl-badge cl-{level_of(confidence).name}">{percent(confidence, 1)}{mark}</span>'


def mark_html(right: bool) -> str:
    """Return whether a reading is right, as a sign and a word."""
    return '<span class="cl-right">✓ right</span>' if right else '<span class="cl-wrong">✗ wrong</span>'


def thumbnail_html(picture: bytes) -> str:
    """Return a small WebP picture, inside the page itself; nothing where there is none."""
    return f'<img src="{data_url(picture, "image/webp")}" alt="">' if picture else ""


def picture_url(image: Image.Image) -> str:
    """Return the picture as a PNG inside a URL, so that the answer holds no path of a file on the server."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return data_url(buffer.getvalue())
