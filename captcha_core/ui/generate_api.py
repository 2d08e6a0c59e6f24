"""The endpoint ``/generate``: settings in, labelled pictures out."""

from __future__ import annotations

import html
import inspect
import re
from dataclasses import fields
from typing import Any, Literal, TypedDict

import gradio as gr

from captcha_core.errors import CaptchaLabError
from captcha_core.generator import GeneratorSettings
from captcha_core.generator.choice import SEEDS, STYLES, check_seed
from captcha_core.generator.limits import check_count, visitors_style
from captcha_core.ui.generate_pictures import picture_url

MOST = 100
"""Pictures in one answer."""
PIXELS = 4_000_000
"""Pixels of all pictures of one answer."""


class LabelledPicture(TypedDict):
    """A drawn captcha: what is written in it, and a PNG file as a data: URL."""

    label: str
    image: str


def generate(count: int = 1, seed: int = 0, style: str = "default", **settings: Any) -> list[LabelledPicture]:
    """Draw captchas of a style and return each with its text.

    Args:
        count: How many.
        seed: Same seed and settings, same pictures.
        style: How they look.
        settings: Settings of the style by name; None stands for what the style has by itself.

    Raises:
        gr.Error: If something does not fit; one sentence says what.
    """
    try:
        chosen = visitors_style(style, {name: value for name, value in settings.items() if value is not None})
        drawn = chosen.draw(check_seed(seed), 0, check_count(count, MOST, chosen, PIXELS))
    except CaptchaLabError as error:
        # A page that loads this endpoint would render the message as HTML, and what is in it is a stranger's.
        raise gr.Error(html.escape(in_api_words(str(error)), quote=False), print_exception=False) from error
    return [{"label": captcha.text, "image": picture_url(captcha)} for captcha in drawn]


def in_api_words(message: str) -> str:
    """Return a message with the names of parameters in place of the flags of the command line."""
    return re.sub("--([a-z]+(?:-[a-z]+)*)", lambda flag: flag[1].replace("-", "_"), message)


def documented() -> Any:
    """Return :func:`generate` with every setting as a typed parameter, described as on the command line.

    Gradio makes the endpoint's schema from the signature, and that of an agent's tool from the description too.
    """
    names = ["count", "seed", "style"]
    settings = fields(GeneratorSettings)

    def endpoint(*values: Any) -> list[LabelledPicture]:
        return generate(**dict(zip([*names, *(item.name for item in settings)], values, strict=False)))

    own = list(inspect.signature(generate, eval_str=True).parameters.values())[: len(names)]
    own[names.index("style")] = own[names.index("style")].replace(annotation=Literal[tuple(STYLES)])
    hints = {
        item.name: (list[str] if isinstance(item.default, tuple) else type(item.default)) | None for item in settings
    }
    more = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=hint)
        for name, hint in hints.items()
    ]
    returned = list[LabelledPicture]
    vars(endpoint)["__signature__"] = inspect.Signature([*own, *more], return_annotation=returned)
    endpoint.__annotations__ = {p.name: p.annotation for p in [*own, *more]} | {"return": returned}
    endpoint.__name__ = "draw_captchas"
    endpoint.__doc__ = _description()
    return endpoint


def _description() -> str:
    low, high = SEEDS
    lines = [
        "Draw captchas and return each with its text (label) and as a PNG data URL (image).",
        "",
        "Args:",
        f"    count: how many, 1 to {MOST}",
        f"    seed: same seed and settings, same pictures; {low} to {high}",
        f"    style: one of {', '.join(STYLES)}",
    ]
    for item in fields(GeneratorSettings):
        bounds = item.metadata.get("range")
        lines.append(f"    {item.name}: {item.metadata['help']}{f'; {bounds[0]} to {bounds[1]}' if bounds else ''}")
    return "\n".join(lines)
