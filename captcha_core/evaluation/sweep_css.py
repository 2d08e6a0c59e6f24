"""The style of a sweep as HTML; apart from what makes it, so that the page's theme need not import plots."""

from __future__ import annotations

BODY_CSS = """
.cl-audit-found { font-size: 1.15rem; }
.cl-audit-words p { margin: .5rem 0; max-width: 46rem; }
.cl-audit-scroll { overflow-x: auto; margin: 1rem 0; }
.cl-audit-scroll table { min-width: 40rem; border-collapse: collapse; }
.cl-audit-scroll table { font-size: .9rem; font-variant-numeric: tabular-nums; }
.cl-audit-scroll th, .cl-audit-scroll td { padding: 4px 10px 4px 0; text-align: left; vertical-align: top; }
.cl-audit-plots { display: block; width: 100%; max-width: 640px; height: auto; margin: 1rem 0; border-radius: 4px; }
.cl-audit-samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 6px; }
.cl-audit-samples { max-width: 46rem; }
.cl-audit-samples figure { margin: 0; }
.cl-audit-samples img { display: block; width: 100%; height: auto; margin: 0; border-radius: 3px; }
.cl-audit-samples figcaption { font-size: .85rem; }
"""
"""The looks of :func:`captcha_core.evaluation.sweep_page.sweep_body`, for any page that holds it."""
