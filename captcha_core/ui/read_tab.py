"""The Read tab: one picture in, the text and how sure the model is of it out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from captcha_core.ui.confidence import DOUBTFUL_BELOW
from captcha_core.ui.context import QUEUED, WORKING, PageContext
from captcha_core.ui.correction import build_correction
from captcha_core.ui.endpoints import add_endpoint
from captcha_core.ui.links import within
from captcha_core.ui.picture import Picture, PictureInput
from captcha_core.ui.reading import (
    idle_html,
    look_for_page,
    read_for_api,
    read_for_page,
    shown_again,
    snippets_for_page,
)
from captcha_core.ui.restriction import RESTRICTION_LINKS, add_restriction

EXAMPLES = Path(__file__).with_name("examples")

# Gradio pastes only through a button; this makes Ctrl+V the same as choosing a file, where the tab is shown. While the
# clipboard or the camera is chosen as the source, there is no input for files; the first source has it.
PASTE_JS = """
document.addEventListener("paste", (event) => {
  const place = document.querySelector(".cl-picture");
  const file = event.clipboardData?.files[0];
  if (!place?.offsetParent || !file?.type.startsWith("image/")) return;
  event.preventDefault();
  const pasted = new DataTransfer();
  pasted.items.add(file);
  const give = (frames) => {
    const input = place.querySelector("input[type=file]");
    if (input) {
      input.files = pasted.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (frames > 0) window.requestAnimationFrame(() => give(frames - 1));
  };
  if (!place.querySelector("input[type=file]")) place.querySelector("[data-testid=source-select] button")?.click();
  give(60);
});
"""
# What comes after another event cannot be one of several that set off a third.
_AGAIN_JS = "() => document.querySelector('#cl-read-again')?.click()"


class _Parts(NamedTuple):
    """The tab's elements; those from ``picture`` to ``read`` are in the order of :class:`Shown`."""

    picture: PictureInput
    text: gr.Textbox
    panel: gr.HTML
    details: gr.HTML
    alternatives: gr.HTML
    saliency: gr.HTML
    read: gr.State
    threshold: gr.Slider
    look: gr.Button


def build_read_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``, and the endpoint ``/read``."""
    with gr.Row(elem_classes="cl-read"):
        with gr.Column(elem_classes="cl-picture"):
            picture = PictureInput(
                label="Picture",
                image_mode=None,
                sources=["upload", "clipboard", "webcam"],
                height=180,
                buttons=[],
                placeholder="Drop a captcha picture here,\nclick to choose one, or paste it",
            )
        with gr.Column(elem_classes="cl-result"):
            parts = _result(context, picture)
        with gr.Column(elem_classes="cl-examples"):
            examples = gr.Examples([[str(path)] for path in sorted(EXAMPLES.glob("*.png"))], picture)
            with gr.Accordion("Restrict characters and length", open=False) as fold:
                restriction = add_restriction(context)
        with gr.Column(elem_classes="cl-program"), gr.Accordion("The same from a program", open=False):
            snippets = _snippets()
    context.links.unfold(fold, RESTRICTION_LINKS)
    context.links.add("doubt", parts.threshold, within(0, 100))
    settings = [context.model, *restriction]
    _connect(context, parts, examples, settings)
    _connect_snippets(context, settings, snippets)
    _add_endpoint(context, picture)


def _result(context: PageContext, picture: PictureInput) -> _Parts:
    """Add what a reading fills."""
    read = gr.State()
    text = gr.Textbox(label="Text", interactive=False, buttons=["copy"], elem_classes="cl-text", max_lines=1)
    panel = gr.HTML(idle_html(context), elem_classes="cl-panel")
    build_correction(picture, read)
    # The style sheet hides it while there is no result.
    with gr.Column(elem_classes="cl-after"):
        threshold = gr.Slider(
            0, 100, value=round(100 * DOUBTFUL_BELOW), step=1, label="A character is doubtful below (%)"
        )
        details = gr.HTML(elem_classes="cl-more")
        with gr.Accordion("The next best readings of each position", open=False):
            alternatives = gr.HTML(elem_classes="cl-more")
        with gr.Accordion("Where the model looks", open=False):
            look = gr.Button("Show a map for each character", size="sm")
            saliency = gr.HTML(elem_classes="cl-more")
    return _Parts(picture, text, panel, details, alternatives, saliency, read, threshold, look)


def _snippets() -> list[gr.Textbox]:
    """Add the code for curl, Python and the command line."""
    boxes = []
    with gr.Tabs():
        for name in ("curl", "Python", "Command line"):
            with gr.Tab(name):
                boxes.append(
                    gr.Textbox(
                        label=f"{name}: the settings above, for captcha.png",
                        interactive=False,
                        buttons=["copy"],
                        elem_classes="cl-code",
                    )  # fmt: skip
                )
    return boxes


def _connect(context: PageContext, parts: _Parts, examples: Any, settings: list[Any]) -> None:
    """Read at every new picture and setting; show the threshold and the maps when they are asked for."""

    # Gradio finds the progress by its default value, among the named parameters.
    def look_for(picture: Picture, progress: gr.Progress = gr.Progress(), *settings: Any) -> str:  # noqa: B008
        return look_for_page(context, picture, progress, *settings)

    look = parts.look.click(look_for, [parts.picture, *settings], parts.saliency, api_visibility="private", **WORKING)
    # One event for all that reads, so that what was asked for last is what stands there in the end. Not picture.change,
    # which fires twice for one upload.
    again = gr.Button("Read", visible="hidden", elem_id="cl-read-again")
    examples.load_input_event.success(None, None, None, js=_AGAIN_JS, api_visibility="private")
    gr.on(
        [parts.picture.upload, parts.picture.clear, again.click, *(setting.change for setting in settings)],
        partial(read_for_page, context),
        [parts.picture, parts.threshold, *settings],
        list(parts[: parts.index(parts.threshold)]),
        api_visibility="private",
        trigger_mode="always_last",
        show_progress="minimal",
        # Maps of the picture before are not shown beside the new one.
        cancels=[look],
        **QUEUED,
    )
    parts.threshold.change(
        shown_again, [parts.read, parts.threshold], parts.panel,
        api_visibility="private", queue=False, show_progress="hidden", trigger_mode="always_last",
    )  # fmt: skip


def _connect_snippets(context: PageContext, settings: list[Any], snippets: list[gr.Textbox]) -> None:
    """Write the code when the page is opened and whenever a setting changes."""

    def write(request: gr.Request, *settings: Any) -> list[str]:
        return snippets_for_page(context, request.request, *settings)

    gr.on(None, write, settings, snippets, api_visibility="private", queue=False, show_progress="hidden")


def _add_endpoint(context: PageContext, picture: PictureInput) -> None:
    """Add ``/read``, whose parameters come through elements that nobody sees."""
    alphabet = gr.Textbox(None, label="alphabet", visible=False)
    lengths = [gr.Number(None, label=name, precision=0, visible=False) for name in ("min_length", "max_length")]
    ignore_case = gr.Checkbox(False, label="ignore_case", visible=False)
    inputs = [picture, context.model, alphabet, *lengths, ignore_case]
    read = partial(read_for_api, context)
    add_endpoint(read, inputs, name="read", tool="read_captcha", answer="prediction", **QUEUED)
