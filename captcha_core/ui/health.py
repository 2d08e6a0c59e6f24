"""Whether the page is well, for programs that watch it."""

from __future__ import annotations

import platform
import time
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TypedDict

from captcha_core import __version__
from captcha_core.errors import CaptchaLabError
from captcha_core.ui.context import PageContext
from captcha_core.ui.endpoints import add_endpoint

_PACKAGES = ("gradio", "torch", "onnxruntime", "pillow", "numpy")


class Health(TypedDict):
    """What the endpoint answers.

    Attributes:
        status: "ok", or "no model" if nothing can be read.
        models: The names of the models, the default first.
        versions: Of this program, Python and what it stands on, by name.
        uptime_s: How long the page has been up, in seconds.
    """

    status: str
    models: list[str]
    versions: dict[str, str]
    uptime_s: float


def build_health(context: PageContext) -> None:
    """Add the endpoint ``/health`` to the enclosing ``gr.Blocks``; it answers at once, however many wait to be read."""
    add_endpoint(
        partial(health, context, time.monotonic()),
        [],
        name="health",
        tool="check_captcha_lab",
        answer="health",
        queue=False,
    )


def health(context: PageContext, started: float) -> Health:
    """Say whether this server can read pictures, with which models, which versions it runs, and for how long it is up.

    Args:
        context: The page.
        started: When the page was built, by ``time.monotonic``.
    """
    try:
        context.catalogue[None]
        status = "ok"
    except CaptchaLabError:
        status = "no model"
    uptime = round(time.monotonic() - started, 1)
    return Health(status=status, models=list(context.catalogue.names), versions=versions(), uptime_s=uptime)


def versions() -> dict[str, str]:
    """Return what runs, by name: this program, Python, and those of its packages that are installed."""
    found = {"captcha-lab": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
