"""Whether the page is well."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from captcha_core import __version__
from captcha_core.ui.health import health, versions
from tests.ui.helpers import context_of

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


def test_a_page_with_a_model_is_well(reader: Recognizer) -> None:
    answer = health(context_of(reader), time.monotonic() - 5)
    assert answer["status"] == "ok"
    assert answer["models"] == ["grey"]
    assert answer["versions"]["captcha-lab"] == __version__
    assert 5 <= answer["uptime_s"] < 60


def test_a_page_without_a_model_says_so() -> None:
    answer = health(context_of(), time.monotonic())
    assert (answer["status"], answer["models"]) == ("no model", [])


def test_versions_pass_over_what_is_not_installed() -> None:
    assert (
        {"python", "gradio", "numpy"}
        <= versions().keys()
        <= {"captcha-lab", "python", "gradio", "torch", "onnxruntime", "pillow", "numpy"}
    )
