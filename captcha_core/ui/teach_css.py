"""How the Teach tab looks."""

TEACH_CSS = """
.cl-teach-card { margin: 0; }
.cl-teach-card img {
  display: block; min-height: 72px; max-width: 100%; max-height: 240px; margin: 0; object-fit: contain;
  border: 1px solid var(--border-color-primary); border-radius: 4px; background: #fff;
}
.cl-teach-card figcaption { margin-top: .4rem; font-size: .9rem; line-height: 1.5; }
.cl-teach-text :is(input, textarea) { font-family: var(--font-mono); font-size: 1.4rem; letter-spacing: .1em; }
.cl-curves {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 8px 16px; margin: .8rem 0;
}
.cl-curves svg { display: block; width: 100%; max-width: 440px; height: auto; }
.cl-curves figcaption {
  grid-column: 1 / -1; font-size: .85rem; line-height: 1.4; color: var(--body-text-color-subdued);
}
.cl-curves text { font-size: 11px; fill: var(--body-text-color-subdued); }
.cl-curves .cl-title { font-size: 13px; fill: var(--body-text-color); }
.cl-curves .cl-grid { stroke: var(--border-color-primary); stroke-width: 1; }
.cl-line { --line: #0067a3; }
.cl-line-2 { --line: #b34a00; }
.cl-line-3 { --line: #00765a; }
.dark .cl-line { --line: #5db8ec; }
.dark .cl-line-2 { --line: #f59a56; }
.dark .cl-line-3 { --line: #45c9a5; }
.cl-line polyline { fill: none; stroke: var(--line); stroke-width: 2; }
.cl-line circle { fill: var(--line); }
.cl-line text { fill: var(--line); font-weight: 700; }
.cl-line-2 polyline { stroke-dasharray: 6 3; }
.cl-line-3 polyline { stroke-dasharray: 2 3; }
.cl-teach-forget { align-self: flex-start; width: auto; }
.cl-teach-compared { margin: .6rem 0; }
.cl-teach-compared summary { cursor: pointer; }
.cl-teach-compared :is(.cl-right, .cl-wrong) { display: inline; }
.cl-teach-model code { overflow-wrap: anywhere; white-space: normal; }
.cl-teach-model :is(th, td) { overflow-wrap: normal; word-break: normal; }
"""
