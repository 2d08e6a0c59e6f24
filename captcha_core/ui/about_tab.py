"""The About tab: what the page is for, the models' cards, what runs."""

from __future__ import annotations

import os
import re

import gradio as gr

from captcha_core.ui.context import PageContext
from captcha_core.ui.correction import FOLDER_VARIABLE
from captcha_core.ui.health import versions
from captcha_core.ui.teach_switch import may_teach

ABOUT = """
An open system for drawing, reading and measuring text captchas.

**For** learning how text recognition works and how it is trained and measured; for research; for the owners of a
captcha who want to know how weak it is, and what still fools the machine while people can read it.

**Not for** getting past anybody's captcha. Nothing here fetches a captcha, sends an answer, or contacts a web site; it
reads pictures that you already have.

What you send stays on the machine that runs this page. Uploaded files are deleted within two hours; small copies of a
set's pictures stay in memory with its results until others have read 24 sets.
"""
LINKS = """
It stands on [PP-OCR](https://github.com/PaddlePaddle/PaddleOCR), whose published weights the general reader began with,
on [EfficientNet](https://arxiv.org/abs/1905.11946), [temperature scaling](https://arxiv.org/abs/1706.04599), the
package [captcha](https://github.com/lepture/captcha) and [Gradio](https://github.com/gradio-app/gradio).
"""
TEACHING = (
    "Pictures in the tab Teach, their labels and the models made from them are kept until you forget them there or "
    "others have used that tab several times since, at the longest until this page is shut down."
)
_RELATIVE_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)[^)]*\)")
CORRECTIONS = "A correction that you send is kept for good, with its picture, by the owner of this page."


def build_about_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``."""
    gr.Markdown(" ".join([ABOUT.strip(), *kept_longer()]), elem_classes="cl-about")
    gr.Markdown(LINKS, elem_classes="cl-about")
    for name in context.catalogue.names:
        with gr.Accordion(f"Model card: {name}", open=False):
            card = context.catalogue.card(name) or "This model has no card."
            # What it refers to in the project is not on the page.
            gr.Markdown(_RELATIVE_LINK.sub(r"\1", card), elem_classes="cl-card")
    gr.HTML(f"<p>{what_runs()}</p>", elem_classes="cl-versions")


def kept_longer() -> list[str]:
    """Say what this page keeps for longer than uploads."""
    return [TEACHING] * may_teach() + [CORRECTIONS] * bool(os.environ.get(FOLDER_VARIABLE))


def what_runs() -> str:
    """Return what runs, such as "captcha-lab 0.1.0 · python 3.11.7"."""
    return " · ".join(f"{name} {version}" for name, version in versions().items())
