"""The Generate tab: the generator's settings as controls, pictures that follow them, and files of them to take away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import api

from captcha_core.generator.choice import SEEDS, usable_styles
from captcha_core.generator.difficulty import DIFFICULTIES, LOOKS
from captcha_core.ui.context import PageContext
from captcha_core.ui.generate_answers import (
    command_for_page,
    draw_for_page,
    file_for_page,
    idle_html,
)
from captcha_core.ui.generate_api import documented
from captcha_core.ui.generate_controls import STYLE_LABELS, Controls
from captcha_core.ui.generate_files import FORMATS, MOST, PARQUET
from captcha_core.ui.links import one_of, within, yes

# Drawing keeps one core busy for a moment, a file for up to a minute.
_DRAWING: dict[str, Any] = {"concurrency_id": "drawing", "concurrency_limit": 2}
_FILING: dict[str, Any] = {"concurrency_id": "filing", "concurrency_limit": 1}
# The values go to the functions as the browser sends them: these check them, and say what is wrong in the place of
# the pictures, where Gradio would show a passing message.
_RAW: dict[str, Any] = {"api_visibility": "private", "preprocess": False}
_QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", **_RAW}

_DEFAULT, _MEDIUM = "default", "Medium"
_START_COUNT = 200
# Whoever wants another seed by hand wants one that can be read out.
_NEW_SEED_JS = "() => Math.floor(Math.random() * 1000000)"
# A difficulty or an address changes many controls at once. Gradio would draw for each of them, two at a time and not
# always in order; so changes within this time, in milliseconds, press a hidden button together.
_SOON_JS = """() => {
  window.clDraw ??= window.setTimeout(() => {
    window.clDraw = undefined;
    document.querySelector("#cl-draw")?.click();
  }, 80);
}"""
_SAVE_JS = "() => window.setTimeout(() => document.querySelector('#cl-file')?.click(), 300)"


@dataclass(frozen=True)
class _Sheet:
    """The pictures, who reads them, and where they come from."""

    grid: gr.HTML
    read: gr.Checkbox
    seed: gr.Number
    new_seed: gr.Button
    redraw: gr.Button


@dataclass(frozen=True)
class _Take:
    """How to have more of the pictures: as a file, or by the command."""

    count: gr.Slider
    form: gr.Radio
    make: gr.Button
    note: gr.HTML
    file: gr.DownloadButton
    command: gr.Code


def build_generate_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Tab``, and the endpoint ``/generate``."""
    styles = usable_styles()
    with gr.Row(elem_classes="cl-looks"):
        style = gr.Radio([(STYLE_LABELS[name], name) for name in styles], value=_DEFAULT, label="Style", min_width=320)
        difficulty = gr.Radio(list(DIFFICULTIES), value=_MEDIUM, label="How hard to read", min_width=320)
    with gr.Row(elem_classes="cl-make"):
        with gr.Column(elem_classes="cl-sheet"):
            sheet = _build_sheet(bool(context.catalogue.names))
            with gr.Accordion("Take them with you", open=False):
                take = _build_take()
        with gr.Column(elem_classes="cl-settings"):
            controls = Controls()
    context.drawing.update({"style": style, **controls.components})
    wish = [style, sheet.seed, *controls.components.values()]
    _connect_pictures(context, sheet, take, difficulty, list(controls.components), wish)
    _connect_files(sheet, take, list(controls.components), wish)
    _connect_styles(style, difficulty, controls)
    api(documented(), api_name="generate", **_DRAWING)
    _keep(context, style, styles, sheet, take, controls)


def _build_sheet(can_read: bool) -> _Sheet:
    grid = gr.HTML(idle_html(), elem_classes="cl-panel")
    with gr.Row(elem_classes="cl-under"):
        with gr.Column(min_width=0):
            read = gr.Checkbox(False, label="Let the model read them", visible=can_read)
        with gr.Column(min_width=0):
            seed = gr.Number(0, label="Seed", precision=0, minimum=SEEDS[0], maximum=SEEDS[1], min_width=90)
        new_seed = gr.Button("New seed", min_width=90)
    redraw = gr.Button("Draw", visible="hidden", elem_id="cl-draw")
    return _Sheet(grid, read, seed, new_seed, redraw)


def _build_take() -> _Take:
    count = gr.Slider(1, MOST, _START_COUNT, step=1, label="How many pictures")
    form = gr.Radio([(label, name) for name, label in FORMATS.items()], value=PARQUET, label="As")
    make = gr.Button("Draw and download", variant="primary")
    note = gr.HTML(elem_classes="cl-panel")
    file = gr.DownloadButton("Save the file again", visible=False, elem_id="cl-file")
    command = gr.Code(
        # No language, since the colours of one are too pale to read.
        language=None,
        label="The command that draws the same pictures",
        interactive=False,
        lines=1,
        wrap_lines=True,
        show_line_numbers=False,
        buttons=["copy"],
    )
    return _Take(count, form, make, note, file, command)


def _connect_pictures(
    context: PageContext, sheet: _Sheet, take: _Take, difficulty: gr.Radio, names: list[str], wish: list[Any]
) -> None:
    """Draw when the tab is opened and whenever something changes."""
    gr.on(
        [_enclosing_tab(sheet.grid).select, sheet.redraw.click],
        partial(draw_for_page, context, names),
        [sheet.read, context.model, take.count, take.form, *wish],
        [sheet.grid, take.command, difficulty],
        trigger_mode="always_last",
        show_progress="hidden",
        **_RAW,
        **_DRAWING,
    )
    for component in (sheet.read, *wish):
        component.change(None, None, None, js=_SOON_JS, api_visibility="private")
    context.model.change(None, sheet.read, None, js=f"(read) => read && ({_SOON_JS})()", api_visibility="private")
    sheet.new_seed.click(None, None, sheet.seed, js=_NEW_SEED_JS, api_visibility="private")


def _connect_files(sheet: _Sheet, take: _Take, names: list[str], wish: list[Any]) -> None:
    """Make files on a click, and keep the command beside them."""
    inputs = [take.count, take.form, *wish]
    gr.on(
        [take.count.change, take.form.change],
        partial(command_for_page, names),
        inputs,
        take.command,
        trigger_mode="always_last",
        **_QUIET,
    )
    made = take.make.click(partial(file_for_page, names), inputs, [take.note, take.file], **_RAW, **_FILING)
    made.success(None, None, None, js=_SAVE_JS, api_visibility="private")


def _connect_styles(style: gr.Radio, difficulty: gr.Radio, controls: Controls) -> None:
    """Let the style decide which controls there are, and a difficulty where they stand."""
    settings = list(controls.components.values())
    style.change(
        lambda name: [gr.update(visible=name == _DEFAULT), *controls.shown_for(name)],
        style,
        [difficulty, *settings, *controls.groups.values()],
        **_QUIET,
    )
    # By hand only: an address that names a style names the settings too.
    style.input(lambda name, *values: controls.moved_to(name, values), [style, *settings], settings, **_QUIET)
    difficulty.input(
        lambda name: [DIFFICULTIES[name][look] for look in LOOKS],
        difficulty,
        [controls.components[look] for look in LOOKS],
        **_QUIET,
    )


def _keep(
    context: PageContext, style: gr.Radio, styles: list[str], sheet: _Sheet, take: _Take, controls: Controls
) -> None:
    """Keep style, seed, settings and what to take away in the page's address."""
    context.links.add("gen_style", style, one_of(styles))
    context.links.add("gen_seed", sheet.seed, within(*SEEDS))
    context.links.add("gen_read", sheet.read, yes)
    context.links.add("gen_count", take.count, within(1, MOST))
    context.links.add("gen_as", take.form, one_of(list(FORMATS)))
    for name, component in controls.components.items():
        context.links.add(f"gen_{name}", component, controls.parser_of(name))


def _enclosing_tab(element: Any) -> gr.Tab:
    while not isinstance(element, gr.Tab):
        element = element.parent
    return element
