"""The tab "How strong is it?": which distortion keeps models from reading a style, and from which strength on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from captcha_core.data_url import data_url
from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.sweep import Sweep, SweepRun
from captcha_core.evaluation.sweep_distortions import Swept
from captcha_core.evaluation.sweep_page import sweep_body, sweep_html
from captcha_core.evaluation.sweep_plots import figure_png
from captcha_core.evaluation.sweep_sheet import report_page
from captcha_core.evaluation.sweep_style import PRESETS, DrawnStyle
from captcha_core.generator import GeneratorSettings
from captcha_core.generator.choice import SEEDS
from captcha_core.generator.limits import visitors_style
from captcha_core.ui.audit_input import uploaded_pictures
from captcha_core.ui.batch_reading import Run, stop_run
from captcha_core.ui.closing import CLOSING
from captcha_core.ui.context import WORKING, PageContext
from captcha_core.ui.files import Files, files_input
from captcha_core.ui.generate_controls import STYLE_LABELS, in_page_words, settings_of
from captcha_core.ui.html_parts import notice_html, progress_html
from captcha_core.ui.links import one_of, within
from captcha_core.ui.model_guard import guarded_model
from captcha_core.ui.reading import idle_html
from captcha_core.ui.shelf import Shelf

OWN, DRAWN = "mine", "generate"
"""The choices of uploaded pictures, and of the settings in the Generate tab."""
MOST_MODELS = 3


class Effort(NamedTuple):
    """How long an audit may take.

    Attributes:
        label: What the page calls it.
        pictures: Pictures per strength.
        steps: Strengths beside none.
        seconds: When no further pictures are begun.
    """

    label: str
    pictures: int
    steps: int
    seconds: float


EFFORTS = {
    "quick": Effort("Quick: 16 pictures, under a minute", 16, 4, 45.0),
    "thorough": Effort("Thorough: 120 pictures, up to ten minutes", 120, 6, 540.0),
}

_ABOUT = (
    "Sweeps each distortion of a captcha from none to extreme, all else unchanged, and measures how much the model "
    "still reads. The same texts are used at every strength."
)
_WAITING = '<p class="cl-note">Which distortion buys most, and from which strength on, appears here.</p>'
_NOTHING = (
    '<p class="cl-note">%s before the first pictures had been measured at every strength; nothing can be said of '
    "them.</p>"
)


def build_audit_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``."""
    names = context.catalogue.names
    gr.HTML(f"<p>{_ABOUT}</p>", elem_classes="cl-audit-intro")
    with gr.Row():
        styles = [(label, name) for name, (label, _) in PRESETS.items()]
        drawn = [("As set in the tab Generate", DRAWN)] if context.drawing else []
        style = gr.Dropdown(
            [*styles, *drawn, ("My own labelled pictures", OWN)],
            value="default",
            label="Captcha",
            filterable=False,
            min_width=300,
        )
        efforts = [(effort.label, name) for name, effort in EFFORTS.items()]
        effort = gr.Radio(efforts, value="quick", label="How thorough", min_width=300)
        # Another seed, other texts: whoever doubts a figure measures it again.
        seed = gr.Number(0, label="Drawn from seed", precision=0, minimum=SEEDS[0], maximum=SEEDS[1], min_width=120)
    own = files_input(
        "Pictures named by their texts (ABCD.png), a zip of them, or a Parquet file with image and label",
        visible=False,
        height=120,
        elem_classes="cl-audit-own",
    )
    models = gr.CheckboxGroup(
        names, value=[], label=f"Measure beside the model above, up to {MOST_MODELS} in all", visible=len(names) > 1
    )
    with gr.Row():
        start = gr.Button("Measure", variant="primary", interactive=bool(names))
        stop = gr.Button("Stop", interactive=False)
    panel = gr.HTML(_WAITING if names else idle_html(context), elem_classes="cl-audit")
    context.links.add("audit_style", style, one_of([*PRESETS, *(name for _, name in drawn), OWN]))
    context.links.add("audit_effort", effort, one_of(list(EFFORTS)))
    context.links.add("audit_seed", seed, within(*SEEDS))
    context.links.add("audit_models", models, partial(_some_of, names))
    _connect(context, (style, effort, seed, own, context.model, models, *context.drawing.values()), start, stop, panel)


def _connect(context: PageContext, inputs: tuple[Any, ...], start: gr.Button, stop: gr.Button, panel: gr.HTML) -> None:
    style, own = inputs[0], inputs[3]
    style.change(lambda name: gr.update(visible=name == OWN), style, own, api_visibility="private", queue=False)
    runs: Shelf[Run] = Shelf()
    running = gr.State(None)
    start.click(
        partial(audit_for_page, context, runs),
        list(inputs),
        [panel, start, stop, running],
        api_visibility="private",
        show_progress="minimal",
        **WORKING,
    )
    # The measuring itself says that it has stopped: were it cancelled, how far it is could still come after that.
    stop.click(partial(stop_run, runs), running, None, api_visibility="private", queue=False)


def audit_for_page(
    context: PageContext,
    runs: Shelf[Run],
    style: str,
    effort: str,
    seed: float | None,
    own: Files,
    model: str | None,
    others: list[str],
    *drawing: Any,
) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Measure, and yield the panel, the state of both buttons and the key of the run in ``runs``.

    While it goes on the panel says how far it is, then what was found. ``drawing`` are the values of the controls in
    the Generate tab.
    """
    this_run = Run()
    try:
        yield _progress_html(0.0, 0.0), *_buttons(running=True), runs.put(this_run)
        plan = EFFORTS[effort]
        swept = _chosen(context, style, plan, int(seed or 0), own, drawing)
        run = _planned(context, swept, plan, _together(context, model, others))
        for panel in _watched(run, this_run):
            yield panel, gr.skip(), gr.skip(), gr.skip()
        found = result_html(run.result()) if run.measured else _nothing_html()
    except CaptchaLabError as error:
        found = notice_html(error)
    yield found, *_buttons(running=False), None


def _nothing_html() -> str:
    """Say why nothing was found: a run that is not ended always measures something."""
    return _NOTHING % ("The page is closing, and it ended" if CLOSING.is_set() else "Stopped")


def result_html(sweep: Sweep) -> str:
    """Return the report's parts with the report itself to download, which so needs no file on the server."""
    page = _link("captcha-audit.html", "text/html", sweep_html(sweep).encode(), "Report as a page (HTML)")
    sheet = _link("captcha-audit.png", "image/png", figure_png(report_page(sweep)), "Report as a picture (PNG)")
    body = f'<div class="cl-audit-body" role="status">{sweep_body(sweep)}</div>'
    return f'<div class="cl-audit-links">{sheet}{page}</div>{body}'


def _chosen(context: PageContext, style: str, plan: Effort, seed: int, own: Files, drawing: Sequence[Any]) -> Swept:
    """Return what is swept.

    Raises:
        CaptchaLabError: If it is not there or not possible.
    """
    if style == OWN:
        return uploaded_pictures(own, plan.pictures, seed)
    if style == DRAWN:
        return DrawnStyle(_drawn_settings(list(context.drawing), drawing), seed, plan.pictures, "The tab Generate")
    label, settings = PRESETS[style]
    return DrawnStyle(settings, seed, plan.pictures, label)


def _drawn_settings(names: list[str], drawing: Sequence[Any]) -> GeneratorSettings:
    """Return the settings of the Generate tab.

    Raises:
        CaptchaLabError: If another style than the generator's own is chosen there, or a value does not fit.
    """
    style, *values = drawing
    try:
        settings = visitors_style(style, settings_of(style, names[1:], values))
    except CaptchaLabError as error:
        raise CaptchaLabError(in_page_words(str(error))) from error
    if not isinstance(settings, GeneratorSettings):
        raise CaptchaLabError(
            f"The tab Generate has another style than “{STYLE_LABELS['default']}”, which alone can be swept; "
            "choose it there."
        )
    return settings


def _planned(context: PageContext, swept: Swept, plan: Effort, models: list[str]) -> SweepRun:
    """Return the sweep.

    Raises:
        CaptchaLabError: If there are too many models, or one is not there.
    """
    if len(models) > MOST_MODELS:
        raise CaptchaLabError(f"{len(models)} models are chosen; choose at most {MOST_MODELS}.")
    return SweepRun(swept, {name: context.catalogue[name] for name in models}, plan.steps, plan.seconds)


def _together(context: PageContext, model: str | None, others: list[str]) -> list[str]:
    """Return the page's model and those beside it, each once."""
    return list(dict.fromkeys([model or next(iter(context.catalogue.names), ""), *others]))


def _watched(run: SweepRun, this_run: Run) -> Iterator[str]:
    """Run it until it is told to stop or the page closes; say twice a second how far it is.

    That is in its pictures or its time, whichever is more.

    Raises:
        CheckpointError: If a model fails; the reason, which names a file, goes to the log.
    """
    started = shown = time.monotonic()
    with guarded_model():
        for done, _ in enumerate(run, 1):
            if this_run.stopped.is_set() or CLOSING.is_set():
                return
            now = time.monotonic()
            if now - shown >= 0.5:
                shown, seconds = now, now - started
                share = max(done / run.total, min(1.0, seconds / run.seconds))
                yield _progress_html(share, seconds)
    yield _progress_html(1.0, time.monotonic() - started)


def _progress_html(share: float, seconds: float) -> str:
    return progress_html("Measuring", f"Measuring: {share:.0%} after {seconds:.0f} s", round(share * 100))


def _buttons(*, running: bool) -> tuple[Any, Any]:
    """Return updates for Measure and Stop."""
    return gr.update(interactive=not running), gr.update(interactive=running)


def _link(name: str, kind: str, data: bytes, label: str) -> str:
    return f'<a download="{name}" href="{data_url(data, kind)}">{label}</a>'


def _some_of(names: list[str], text: str) -> list[str]:
    """Return the names, joined by commas, in a text of an address; raise ValueError unless all are known."""
    chosen = text.split(",")
    if not set(chosen) <= set(names) or len(chosen) > MOST_MODELS:
        raise ValueError(text)
    return chosen
