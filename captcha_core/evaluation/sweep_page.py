"""A sweep as HTML: the report's page and its parts; see :mod:`captcha_core.evaluation.page_parts`."""

from __future__ import annotations

import io

from PIL import Image

from captcha_core.data_url import data_url
from captcha_core.evaluation.page_parts import escaped, page_head
from captcha_core.evaluation.sweep import Sweep
from captcha_core.evaluation.sweep_css import BODY_CSS
from captcha_core.evaluation.sweep_plots import distortion_names, figure_png, plot_sweep
from captcha_core.evaluation.sweep_words import HEADINGS, answer, conclusion, headline, rows_of


def sweep_html(sweep: Sweep) -> str:
    """Return the whole page."""
    return "\n".join(
        [
            page_head(f"How strong is it? {sweep.title}", _LAYOUT),
            "<h1>How strong is it?</h1>",
            sweep_body(sweep),
            "</body>\n</html>\n",
        ]
    )


def sweep_body(sweep: Sweep) -> str:
    """Return the parts in their order: answer, headline, plots, table, conclusion, a picture at every strength."""
    words = "".join(f"<p>{escaped(text)}</p>" for text in conclusion(sweep))
    plots = data_url(figure_png(plot_sweep(sweep)))
    alt = "Share of texts and of characters read at each strength of each distortion; the table has the largest falls"
    return (
        f'<p class="cl-audit-found"><strong>{escaped(answer(sweep))}</strong></p>'
        f"<p><strong>{escaped(headline(sweep))}</strong></p>"
        f'<div class="cl-audit-words">{words}</div>'
        f"{_table_html(sweep)}"
        f'<img class="cl-audit-plots" src="{plots}" alt="{alt}">'
        f"<h3>The same picture, from none to extreme</h3>"
        f"<p>What the machine no longer reads: do you?</p>{_samples_html(sweep)}"
    )


def _table_html(sweep: Sweep) -> str:
    """Return the table, which scrolls by itself where it is too wide; one model alone is not named in it."""
    first = 0 if len(sweep.models) > 1 else 1
    head = "".join(f'<th scope="col">{escaped(name)}</th>' for name in HEADINGS[first:])
    rows = "".join(
        f"<tr>{''.join(_cell(text, number == 0) for number, text in enumerate(row[first:]))}</tr>"
        for row in rows_of(sweep)
    )
    return (
        '<div class="cl-audit-scroll" tabindex="0" role="region" aria-label="Distortions, the largest fall first">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(text: str, first: bool) -> str:
    return f'<th scope="row">{escaped(text)}</th>' if first else f"<td>{escaped(text)}</td>"


def _samples_html(sweep: Sweep) -> str:
    """Return a row of pictures per distortion, each with its strength."""
    distortions = {curve.distortion.name: curve for curve in sweep.curves if curve.model == sweep.models[0]}
    parts = []
    for name in distortion_names(sweep):
        distortion, points = distortions[name].distortion, distortions[name].points
        figures = "".join(
            f'<figure><img src="{_picture_url(picture)}" alt="{escaped(distortion.said(point.strength))}">'
            f"<figcaption>{escaped(distortion.text(point.strength))}</figcaption></figure>"
            for picture, point in zip(sweep.samples[name], points, strict=True)
        )
        unit = "" if distortion.unit == distortion.called else f" <small>{escaped(distortion.unit)}</small>"
        parts.append(f'<h4>{escaped(distortion.label)}{unit}</h4><div class="cl-audit-samples">{figures}</div>')
    return "".join(parts)


def _picture_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=90)
    return data_url(buffer.getvalue(), "image/webp")


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
