"""A sweep as HTML: the report's page, one file that needs nothing else and asks nobody for anything, and its parts.

All text is escaped, and the page's own security policy lets in neither scripts nor anything from another place.
"""

from __future__ import annotations

import base64
import html
import io

from PIL import Image

from captcha_core.evaluation.marking import printable
from captcha_core.evaluation.page import COLOURS
from captcha_core.evaluation.sweep import Sweep
from captcha_core.evaluation.sweep_css import BODY_CSS
from captcha_core.evaluation.sweep_plots import distortion_names, figure_png, plot_sweep
from captcha_core.evaluation.sweep_words import HEADINGS, conclusion, headline, rows_of


def sweep_html(sweep: Sweep) -> str:
    """Return the whole page."""
    return "\n".join(
        [
            _HEAD.format(title=_text(f"How strong is it? {sweep.title}"), style=_style()),
            "<h1>How strong is it?</h1>",
            sweep_body(sweep),
            "</body>\n</html>\n",
        ]
    )


def sweep_body(sweep: Sweep) -> str:
    """Return the parts in their order: headline, plots, table, conclusion, a picture at every strength."""
    words = "".join(f"<p>{_text(text)}</p>" for text in conclusion(sweep))
    plots = _data_url(figure_png(plot_sweep(sweep)), "png")
    alt = "Share of texts and of characters read at each strength of each distortion; the table has the largest falls"
    return (
        f'<p class="cl-audit-found"><strong>{_text(headline(sweep))}</strong></p>'
        f'<div class="cl-audit-words">{words}</div>'
        f"{_table_html(sweep)}"
        f'<img class="cl-audit-plots" src="{plots}" alt="{alt}">'
        f"<h3>The same picture, from none to extreme</h3>"
        f"<p>What the machine no longer reads: do you?</p>{_samples_html(sweep)}"
    )


def _table_html(sweep: Sweep) -> str:
    """Return the table, which scrolls by itself where it is too wide; one model alone is not named in it."""
    first = 0 if len(sweep.models) > 1 else 1
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in HEADINGS[first:])
    rows = "".join(
        f"<tr>{''.join(_cell(text, number == 0) for number, text in enumerate(row[first:]))}</tr>"
        for row in rows_of(sweep)
    )
    return (
        '<div class="cl-audit-scroll" tabindex="0" role="region" aria-label="Distortions, the largest fall first">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(text: str, first: bool) -> str:
    return f'<th scope="row">{_text(text)}</th>' if first else f"<td>{_text(text)}</td>"


def _samples_html(sweep: Sweep) -> str:
    """Return a row of pictures per distortion, each with its strength."""
    distortions = {curve.distortion.name: curve for curve in sweep.curves if curve.model == sweep.models[0]}
    parts = []
    for name in distortion_names(sweep):
        distortion, points = distortions[name].distortion, distortions[name].points
        figures = "".join(
            f'<figure><img src="{_picture_url(picture)}" alt="{_text(distortion.said(point.strength))}">'
            f"<figcaption>{_text(distortion.text(point.strength))}</figcaption></figure>"
            for picture, point in zip(sweep.samples[name], points, strict=True)
        )
        title = f"<h4>{_text(distortion.label)} <small>{_text(distortion.unit)}</small></h4>"
        parts.append(f'{title}<div class="cl-audit-samples">{figures}</div>')
    return "".join(parts)


def _picture_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=90)
    return _data_url(buffer.getvalue(), "webp")


def _data_url(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _text(text: str) -> str:
    return html.escape(printable(text))


def _style() -> str:
    """Return the style sheet, with the colours of both schemes."""
    light, dark = ("".join(f"--{name}:{both[i]};" for name, both in COLOURS.items()) for i in (0, 1))
    return f":root{{color-scheme:light dark;{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{_LAYOUT}"


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

_LAYOUT = f"""
* {{ box-sizing: border-box; }}
body {{
  max-width: 820px; margin: 0 auto; padding: 16px; color: var(--text); background: var(--page);
  font: 16px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}}
h1 {{ font-size: 1.4rem; }}
h3 {{ margin: 1.5rem 0 0; font-size: 1.1rem; }}
h4 {{ margin: .9rem 0 .3rem; font-size: 1rem; }}
small, figcaption {{ color: var(--quiet); font-weight: 400; }}
.cl-audit-scroll th, .cl-audit-scroll td {{ border-bottom: 1px solid var(--line); }}
{BODY_CSS}"""
