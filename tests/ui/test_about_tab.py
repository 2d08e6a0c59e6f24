"""The About tab."""

from __future__ import annotations

import platform

from captcha_core import __version__
from captcha_core.ui.about_tab import what_runs


def test_versions_name_what_runs_and_pass_over_what_is_not_there() -> None:
    said = what_runs()
    assert f"captcha-lab {__version__}" in said and f"python {platform.python_version()}" in said
    assert "gradio 6." in said
