"""How the page looks: a quiet theme from bundled fonts only, and colours that keep their contrast.

Every pair of text and background below has a contrast of at least 4.5:1 (WCAG 2.2, level AA), in light and in dark;
a test computes it.
"""

from __future__ import annotations

import gradio as gr

from captcha_core.evaluation.sweep_css import BODY_CSS
from captcha_core.ui.generate_pictures import PICTURES_CSS
from captcha_core.ui.teach_css import TEACH_CSS

# Per band of confidence: (text, background, edge).
LIGHT_LEVELS = {
    "sure": ("#14532d", "#dcfce7", "#15803d"),
    "fair": ("#3f4b0b", "#f1f6c9", "#6b7c0f"),
    "unsure": ("#7c2d12", "#ffedd5", "#c2410c"),
    "guess": ("#7f1d1d", "#fee2e2", "#b91c1c"),
}
DARK_LEVELS = {
    "sure": ("#bbf7d0", "#123524", "#4ade80"),
    "fair": ("#ecf3b4", "#33390f", "#bccc3f"),
    "unsure": ("#fed7aa", "#43230f", "#fb923c"),
    "guess": ("#fecaca", "#45191b", "#f87171"),
}


def page_theme() -> gr.themes.Base:
    """Return the Gradio theme; its fonts come with Gradio and are served by the page itself."""
    theme = gr.themes.Default(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.slate,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_sm,
        # Weight 700 and not Gradio's 600: the semi-bold files of Gradio 6.31 hold no Latin letters.
        font=[gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)), "system-ui", "sans-serif"],
        font_mono=[gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"],
    )
    # Gradio's own grey has a contrast of 2.6:1 on white.
    theme.set(body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="*neutral_400")
    # And white on its own main button 3.7:1.
    fill = {f"button_primary_background_fill{mode}": "*primary_700" for mode in ("", "_dark")}
    hover = {f"button_primary_background_fill_hover{mode}": "*primary_800" for mode in ("", "_dark")}
    # And the ring of what is not chosen is hardly seen on its dark page.
    return theme.set(**fill, **hover, checkbox_border_color_dark="*neutral_400")


def page_css() -> str:
    """Return the style sheet: the bands' colours for light and dark, then the layout."""
    levels = _level_rules("", LIGHT_LEVELS) + _level_rules(".dark ", DARK_LEVELS)
    return levels + _LAYOUT + _SETS + PICTURES_CSS + _AUDIT + BODY_CSS + TEACH_CSS


def _level_rules(prefix: str, levels: dict[str, tuple[str, str, str]]) -> str:
    return "".join(
        f"{prefix}.cl-{name} {{ --cl-text: {text}; --cl-back: {back}; --cl-edge: {edge}; }}\n"
        for name, (text, back, edge) in levels.items()
    )


_LAYOUT = """
/* Gradio shows no focus on these, so that nobody without a mouse sees where the arrow keys would act. */
input:is([type=radio], [type=range]):focus-visible {
  outline: 2px solid var(--body-text-color) !important; outline-offset: 2px;
}
.gradio-container { max-width: 960px !important; margin: 0 auto !important; }
.html-container:has(> [class*="cl-"]) { padding: 0 !important; }
.cl-head h1 { margin: 0; font-size: 1.5rem; }
.cl-head p { margin: .1rem 0 0; }
.cl-top { align-items: center; }
/* The arrow keeps its place beside the name. */
.cl-model { min-width: min(500px, 100%) !important; }
.cl-model input { text-overflow: ellipsis; padding-right: 28px; }
/* A wide table or line of code must not widen the page: they scroll inside. */
.cl-card { contain: inline-size; }
.cl-card table, .cl-card pre { display: block; max-width: 100%; overflow-x: auto; }
/* Gradio's colours of links and code have too little contrast. */
.cl-about a, .cl-card a, .cl-card .token { color: inherit !important; }
.cl-card td:first-child { white-space: nowrap; }
.cl-head p, .cl-about p { color: var(--body-text-color-subdued); }

.cl-read {
  display: grid; gap: 16px;
  grid-template: "picture result" auto "examples result" 1fr "program program" auto / minmax(0, 2fr) minmax(0, 3fr);
}
/* Where the row of tabs could widen the page, Gradio 6.31 would not see that it is too long for a phone. */
.tab-wrapper { width: 0 !important; min-width: 100%; }
/* Gradio's own teal has a contrast of 2.5:1 on white. */
[role="tab"][aria-selected="true"] { color: var(--primary-700) !important; }
.dark [role="tab"][aria-selected="true"] { color: var(--primary-400) !important; }

.cl-picture { grid-area: picture; }
.cl-result { grid-area: result; }
.cl-examples { grid-area: examples; }
.cl-program { grid-area: program; }
.cl-read:not(:has(.cl-verdict)) .cl-after { display: none; }
.cl-examples .block > .gallery { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); }
.cl-examples .gallery-item .container { width: 100%; max-width: none; height: auto; max-height: none; }

.cl-text input { font-family: var(--font-mono); font-size: 1.6rem; letter-spacing: .12em; line-height: 1.2; }
.cl-text input:disabled { color: var(--body-text-color); -webkit-text-fill-color: var(--body-text-color); opacity: 1; }

.cl-panel p { margin: 0; }
.cl-panel .cl-verdict strong {
  padding: .05em .5em; border-radius: 4px; color: var(--cl-text); background: var(--cl-back);
}
.cl-bar { height: 6px; margin: .5rem 0 .75rem; border-radius: 3px; background: var(--border-color-primary); }
.cl-bar > div { height: 100%; border-radius: 3px; background: var(--cl-edge); }

.cl-panel .cl-strip { display: flex; flex-wrap: wrap; gap: 6px; margin: 0; padding: 0; list-style: none; }
.cl-panel .cl-cell {
  display: flex; flex-direction: column; align-items: center; min-width: 42px; margin: 0; padding: 3px 6px;
  background: var(--cl-back); border-bottom: 3px solid var(--cl-edge); border-radius: 4px;
}
.cl-panel .cl-cell * { color: var(--cl-text); }
.cl-glyph { font-family: var(--font-mono); font-size: 1.4rem; font-weight: 700; line-height: 1.3; }
.cl-mark { font-size: .9rem; vertical-align: super; line-height: 0; }
.cl-percent { font-size: .85rem; font-variant-numeric: tabular-nums; }
.cl-other { font-size: .8rem; white-space: nowrap; }
.cl-other b { font-family: var(--font-mono); }
.cl-panel .cl-note { margin-top: .4rem; font-size: .85rem; line-height: 1.4; color: var(--body-text-color-subdued); }

.cl-details { display: flex; gap: 16px; align-items: flex-start; margin-top: .9rem; }
.cl-details figure { flex: none; width: 128px; margin: 0; }
.cl-details img {
  display: block; width: 100%; margin: 0; border: 1px solid var(--border-color-primary); border-radius: 4px;
}
.cl-details figcaption { margin: .2rem 0 0; }
.cl-details dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; margin: 0; }
.cl-details dl, .cl-details figcaption { font-size: .9rem; line-height: 1.4; }
.cl-details dt, .cl-details figcaption { color: var(--body-text-color-subdued); }
.cl-details dd { margin: 0; overflow-wrap: anywhere; }

.cl-table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
.cl-table th, .cl-table td {
  padding: 2px 8px; text-align: left; font-weight: 400;
  border: solid var(--border-color-primary) !important; border-width: 0 0 1px !important;
}
.cl-table thead th { color: var(--body-text-color-subdued); }
.cl-table b, .cl-maps b { font-family: var(--font-mono); }

.cl-maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 8px; }
.cl-maps figure { margin: 0; }
.cl-maps img { display: block; width: 100%; margin: 0; border-radius: 4px; }
.cl-maps figcaption { font-size: .9rem; }
.cl-more .cl-note { margin-top: .4rem; font-size: .85rem; line-height: 1.4; color: var(--body-text-color-subdued); }
.cl-code textarea { font-family: var(--font-mono); font-size: .85rem; line-height: 1.5; }

.cl-notice {
  padding: 10px 14px; border-left: 3px solid var(--color-accent); background: var(--background-fill-secondary);
}
.cl-notice pre { margin: .5rem 0; font-size: .85rem; font-family: var(--font-mono); white-space: pre-wrap; }

@media (max-width: 700px) {
  .cl-read {
    gap: 10px; grid-template: "picture" auto "result" auto "examples" auto "program" auto / minmax(0, 1fr);
  }
  .cl-read, .cl-result, .cl-top { gap: 10px; }
  .cl-top { flex-direction: column; align-items: stretch; }
  .cl-details { flex-direction: column; gap: 6px; }
  .cl-head h1 { font-size: 1.25rem; }
  .cl-head p { font-size: .85rem; line-height: 1.35; }
}
"""

# The tab "How strong is it?"
_AUDIT = """
/* Gradio's own blue has a contrast below 4.5:1 on the dark page. */
.download-link { color: var(--body-text-color) !important; }
/* A wide table or plot must not widen the page: they scroll or shrink inside. */
.cl-audit-body { contain: inline-size; }
.cl-audit-links { display: flex; flex-wrap: wrap; gap: 8px; margin: 1rem 0; }
.cl-audit-links a {
  padding: .4rem .9rem; border: 1px solid var(--border-color-primary); border-radius: 4px; text-decoration: none;
  color: var(--body-text-color); background: var(--background-fill-secondary);
}
.cl-audit-samples figcaption, .cl-audit h4 small { color: var(--body-text-color-subdued); }
"""

# The Batch and Compare tabs. Gradio's own rules for tables and lists in HTML need two classes to be overruled.
_SETS = """
.cl-progress progress {
  display: block; width: 100%; height: 8px; appearance: none; border: 0; border-radius: 4px; overflow: hidden;
  background: var(--border-color-primary);
}
.cl-progress progress::-webkit-progress-bar { background: var(--border-color-primary); }
.cl-progress progress::-webkit-progress-value { background: var(--color-accent); }
.cl-progress progress::-moz-progress-bar { background: var(--color-accent); }
.cl-progress p, .cl-summary p, .cl-compared p { margin: .25rem 0; }
.prose ul.cl-notes { margin: .25rem 0; padding-left: 1.2rem; list-style: disc; }
/* A width of nothing keeps a wide table from widening the page. */
.cl-scroll { width: 0; min-width: 100%; overflow-x: auto; }
.prose .cl-table :is(thead, tbody, tr) { border: 0; }
.prose table.cl-table { width: 100%; margin: 0; border: 0; border-collapse: collapse; }
.prose .cl-table th {
  padding: 4px 8px; border: 0; text-align: left; font-size: .85rem; font-weight: 400;
  color: var(--body-text-color-subdued);
}
.prose .cl-table td {
  padding: 5px 8px; border: 0; border-top: 1px solid var(--border-color-primary); vertical-align: middle;
}
.cl-table img, .cl-one img { display: block; margin: 0; border-radius: 2px; background: #fff; }
.cl-table img { max-width: 80px; max-height: 40px; }
.cl-value { display: block; font-family: var(--font-mono); font-size: 1.1rem; white-space: pre; }
.cl-code { font-family: var(--font-mono); }
.cl-file { display: block; font-size: .8rem; color: var(--body-text-color-subdued); overflow-wrap: anywhere; }
.cl-none { font-size: .85rem; color: var(--body-text-color-subdued); }
.cl-failed { display: block; min-width: 14ch; overflow-wrap: anywhere; }
.cl-badge {
  padding: .05em .5em; border-radius: 4px; font-variant-numeric: tabular-nums; white-space: nowrap;
  color: var(--cl-text); background: var(--cl-back); border-bottom: 2px solid var(--cl-edge);
}
.cl-badge .cl-mark { color: var(--cl-text); }
.cl-right, .cl-wrong { display: block; font-size: .85rem; white-space: nowrap; }
.cl-wrong { font-weight: 700; }
.prose dl.cl-figures { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: .3rem 0 .6rem; }
.cl-figures dt { font-size: .85rem; color: var(--body-text-color-subdued); }
.cl-figures dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
.cl-mistakes > div { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 24px; }
.cl-mistakes h3, .cl-compared h3 { margin: .8rem 0 .3rem; font-size: 1rem; }
.cl-one { display: flex; gap: 16px; align-items: center; margin-bottom: .5rem; }
.cl-mistakes { margin: .6rem 0; }
.cl-mistakes summary { cursor: pointer; }
.cl-comparison, .cl-readings, .cl-measures, .cl-status { min-width: 0 !important; }
.row.cl-pager { display: grid; grid-template-columns: 1fr 5rem auto 1fr; align-items: center; gap: 8px; }
.row.cl-pager > * { min-width: 0 !important; }
.row.cl-pager p { margin: 0; white-space: nowrap; }
@media (max-width: 700px) {
  .cl-mistakes > div { grid-template-columns: minmax(0, 1fr); }
  .prose .cl-table th, .prose .cl-table td { padding: 4px; }
}
"""
