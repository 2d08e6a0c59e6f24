"""What the reports' pages share: each is one file that needs nothing else and asks nobody for anything.

All text is escaped, and the pages' own security policy lets in neither scripts nor anything from another place. Each
pair of text and background has a contrast of at least 4.5:1 (WCAG 2.2, level AA), in light and in dark; a test computes
it.
"""

from __future__ import annotations

import html

from captcha_core.evaluation.marking import printable

# Per colour: what it is for in light, in dark.
COLOURS = {
    "text": ("#1b2430", "#e6eaf0"),
    "quiet": ("#526070", "#a4b0be"),
    "page": ("#f4f6f8", "#12171d"),
    "card": ("#ffffff", "#1b222b"),
    "line": ("#d5dbe2", "#37424f"),
    "right": ("#14602f", "#7ee2a0"),
    "wrong": ("#a11212", "#ff9c9c"),
    "unopened": ("#7a4a00", "#f5c26b"),
    "wrong-back": ("#fde0e0", "#4d1d20"),
    "truth-back": ("#ddf0e2", "#173d26"),
}


def page_head(title: str, layout: str) -> str:
    """Return a page up to its body, with a style sheet of the colours of both schemes and the layout."""
    light, dark = ("".join(f"--{name}:{both[i]};" for name, both in COLOURS.items()) for i in (0, 1))
    colours = f":root{{color-scheme:light dark;{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return _HEAD.format(title=escaped(title), style=f"{colours}\n{layout}")


def escaped(text: str) -> str:
    """Return a text of the data as HTML that shows it, also what cannot be seen."""
    return html.escape(printable(text))


_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>"""
