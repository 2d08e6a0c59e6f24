"""The elements of the Batch tab, and how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from captcha_core.ui.batch_reading import MOST_PICTURES
from captcha_core.ui.batch_view import ALL, AS_SENT, FILTERS, ORDERS
from captcha_core.ui.confidence import DOUBTFUL_BELOW
from captcha_core.ui.picture import MAX_PICTURE

LIMITS = (
    f"Up to {MOST_PICTURES:,} pictures of {MAX_PICTURE >> 20} MB each; a zip or Parquet file up to "
    "%d MB. Files named by their text (aB3xQ.png, aB3xQ_17.png), a labels.csv in a zip or a column "
    "label are compared with what is read."
)
DOUBT = (50, 99)
"""The confidences below which a reading may be called doubtful, in percent."""


@dataclass(frozen=True)
class Parts:
    """The elements of the tab that its events write to."""

    status: gr.HTML
    results: gr.Column
    key: gr.State
    stop: gr.Button
    other: gr.HTML
    again: gr.Button
    show: gr.Radio
    order: gr.Dropdown
    threshold: gr.Slider
    use_names: gr.Checkbox
    table: gr.HTML
    back: gr.Button
    page: gr.Number
    pages: gr.HTML
    forth: gr.Button
    measures: gr.HTML
    csv: gr.DownloadButton
    parquet: gr.DownloadButton

    @property
    def view(self) -> list[Any]:
        """What says which rows are shown, in the order in which the tab's events take it."""
        return [self.key, self.show, self.order, self.threshold, self.use_names]

    @property
    def pager(self) -> list[Any]:
        """The table and what turns its pages, in the order in which the tab's events return them."""
        return [self.table, self.page, self.pages, self.back, self.forth]


def build_parts(stop: gr.Button) -> Parts:
    """Add the elements to the enclosing ``gr.Blocks``; ``stop`` is the button that stops a reading."""
    status = gr.HTML(elem_classes="cl-status", min_height=40)
    with gr.Column(visible=False) as results:
        other = gr.HTML(elem_classes="cl-other-model", visible=False)
        again = gr.Button(size="sm", elem_classes="cl-read-set-again", visible=False)
        with gr.Row():
            csv = gr.DownloadButton("Download CSV", size="sm")
            parquet = gr.DownloadButton("Download Parquet", size="sm")
        # Above the figures, which mean nothing where it is not so.
        use_names = gr.Checkbox(True, label="The file names are the texts; compare with them", visible=False)
        measures = gr.HTML(elem_classes="cl-measures")
        with gr.Row(elem_classes="cl-filters"):
            show = gr.Radio([(kind.capitalize(), kind) for kind in FILTERS], value=ALL, label="Show", min_width=300)
            order = gr.Dropdown(list(ORDERS), value=AS_SENT, label="Order", filterable=False)
            threshold = gr.Slider(*DOUBT, value=round(100 * DOUBTFUL_BELOW), step=1, label="Doubtful below (%)")
        table = gr.HTML(elem_classes="cl-readings")
        with gr.Row(elem_classes="cl-pager"):
            back = gr.Button("Previous", size="sm")
            # No minimum, which would be an error of Gradio's in place of the first page.
            page = gr.Number(1, label="Page", precision=0, container=False)
            pages = gr.HTML()
            forth = gr.Button("Next", size="sm")
    return Parts(
        status, results, gr.State(""), stop, other, again, show, order, threshold, use_names, table, back, page, pages,
        forth, measures, csv, parquet,
    )  # fmt: skip
