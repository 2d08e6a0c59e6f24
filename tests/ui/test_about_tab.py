"""The About tab."""

from __future__ import annotations

import platform

import pytest

from captcha_core import __version__
from captcha_core.ui.about_tab import CORRECTIONS, TEACHING, kept_longer, what_runs
from captcha_core.ui.correction import FOLDER_VARIABLE
from captcha_core.ui.teach_layout import LIMITS
from captcha_core.ui.teach_switch import TEACH_VARIABLE


def test_versions_name_what_runs_and_pass_over_what_is_not_there() -> None:
    said = what_runs()
    assert f"captcha-lab {__version__}" in said and f"python {platform.python_version()}" in said
    assert "gradio 6." in said


@pytest.mark.parametrize("teaches", ["on", "off"])
@pytest.mark.parametrize("corrections", ["", "folder"])
def test_what_is_kept_longer_than_uploads_is_told_where_it_is(
    monkeypatch: pytest.MonkeyPatch, teaches: str, corrections: str
) -> None:
    monkeypatch.setenv(TEACH_VARIABLE, teaches)
    monkeypatch.setenv(FOLDER_VARIABLE, corrections)
    said = kept_longer()
    assert (TEACHING in said, CORRECTIONS in said) == (teaches == "on", corrections != "")


def test_both_tabs_tell_how_long_pictures_to_teach_with_are_kept() -> None:
    assert "until the page is shut down" in LIMITS and "until this page is shut down" in TEACHING
