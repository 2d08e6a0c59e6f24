"""The elements of the Teach tab, and how they stand."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from captcha_core.corrections import MOST_CHARACTERS
from captcha_core.ui.files import FilesInput, set_input
from captcha_core.ui.picture import MAX_PICTURE
from captcha_core.ui.teach_set import FEWEST_LABELLED, MOST_BYTES, MOST_PICTURES

ABOUT = (
    f"Teaches the model above a captcha of yours in minutes. It needs at least {FEWEST_LABELLED} pictures with their "
    "texts, and 25 to 500 are best. That model stays as it is; you take a new one home."
)
LIMITS = (
    f"Up to {MOST_PICTURES:,} pictures, with texts or without, of {MAX_PICTURE >> 20} MB each, {MOST_BYTES >> 20} MB "
    "in all; a zip or Parquet file up to %d MB. Texts are taken from the names of the files (aB3xQ.png), a labels.csv "
    "in a zip or a column label; what has none you label below. All is kept on the machine that runs this page until "
    "you forget it or others have used this tab several times since, at the longest until the page is shut down."
)
FORGET, FORGET_MODEL = "Forget these pictures", "Forget these pictures and the model"
# The name of each file and what its button says, in the order in which they stand.
DOWNLOADS = {
    "adapted.safetensors": "Checkpoint",
    "adapted.onnx": "ONNX",
    "predictions.csv": "Predictions, CSV",
    "predictions.parquet": "Predictions, Parquet",
    "pictures.parquet": "The labelled pictures, Parquet",
}
_SECONDS_BETWEEN = 2.0


@dataclass(frozen=True)
class Labels:
    """What labels are typed with."""

    box: gr.Accordion
    picture: gr.HTML
    place: gr.Number
    text: gr.Textbox
    back: gr.Button
    leave: gr.Button
    goto: gr.Dropdown
    said: gr.HTML


@dataclass(frozen=True)
class Parts:
    """The elements of the tab that its events write to."""

    files: FilesInput
    stop: gr.Button
    status: gr.HTML
    lesson: gr.Column
    summary: gr.HTML
    use_names: gr.Checkbox
    forget: gr.Button
    labels: Labels
    start: gr.Button
    cancel: gr.Button
    go_on: gr.Button
    panel: gr.HTML
    results: gr.Column
    card: gr.Markdown
    compared: gr.HTML
    downloads: dict[str, gr.DownloadButton]
    # These are kept by the browser, so that a page that is opened anew goes on where it was.
    lesson_key: gr.BrowserState
    job_key: gr.BrowserState
    clock: gr.Timer


def build_parts(limits: str) -> Parts:
    """Add the elements to the enclosing ``gr.Blocks``; ``limits`` says what may be sent."""
    gr.HTML(f"<p>{ABOUT}</p>", elem_classes="cl-teach-intro")
    files, _, stop = set_input("Pictures, a zip or a Parquet file", limits, "cl-teach-files", {})
    status = gr.HTML(elem_classes="cl-status")
    with gr.Column(visible=False) as lesson:
        summary = gr.HTML(elem_classes="cl-teach-summary")
        # Away from the button that teaches, since nothing brings them back.
        forget = gr.Button(FORGET, size="sm", elem_classes="cl-teach-forget")
        use_names = gr.Checkbox(True, label="The file names are the texts", visible=False)
        labels = _build_labels()
    with gr.Row():
        start = gr.Button("Teach", variant="primary", visible=False)
        go_on = gr.Button("Continue the training that broke off", visible=False)
        cancel = gr.Button("Cancel", visible=False)
    panel = gr.HTML(elem_classes="cl-teach")
    with gr.Column(visible=False) as results:
        with gr.Row(elem_classes="cl-teach-files-out"):
            downloads = {name: gr.DownloadButton(label, size="sm") for name, label in DOWNLOADS.items()}
        card = gr.Markdown(elem_classes="cl-teach-model")
        compared = gr.HTML(elem_classes="cl-teach-readings")
    keys = [gr.BrowserState("", storage_key=f"cl-teach-{what}", secret="captcha-lab") for what in ("set", "training")]
    return Parts(
        files, stop, status, lesson, summary, use_names, forget, labels, start, cancel, go_on, panel, results, card,
        compared, downloads, keys[0], keys[1], gr.Timer(_SECONDS_BETWEEN, active=False),
    )  # fmt: skip


def _build_labels() -> Labels:
    with gr.Accordion("Labels, one picture at a time", open=False) as box:
        with gr.Row(elem_classes="cl-teach-label"):
            with gr.Column(min_width=240):
                picture = gr.HTML(elem_classes="cl-teach-picture")
            with gr.Column(min_width=240):
                text = gr.Textbox(
                    label="What does it say?",
                    info="Enter accepts the text and shows the next picture, the doubtful first.",
                    max_lines=1,
                    max_length=MOST_CHARACTERS,
                    submit_btn="Accept",
                    elem_classes="cl-teach-text",
                )
                with gr.Row():
                    back = gr.Button("Back", size="sm", min_width=80)
                    leave = gr.Button("Leave it out", size="sm", min_width=80)
        said = gr.HTML(elem_classes="cl-teach-said")
        goto = gr.Dropdown([], label="Go to a picture")
        place = gr.Number(0, precision=0, label="Place", visible="hidden")
    return Labels(box, picture, place, text, back, leave, goto, said)
