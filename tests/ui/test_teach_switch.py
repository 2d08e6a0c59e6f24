"""Whether the page has the tab Teach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.ui import teach_switch
from captcha_core.ui.blocks import build_page
from captcha_core.ui.teach_layout import ABOUT
from captcha_core.ui.teach_switch import TEACH_VARIABLE, may_teach
from tests.ui.helpers import catalogue_of, in_loop


@pytest.mark.parametrize(
    ("asked", "space", "expected"),
    [("", "", True), ("", "me/lab", False), ("on", "me/lab", True), ("OFF", "", False), ("off", "me/lab", False)],
)
def test_it_is_on_at_home_and_off_on_a_space_unless_the_owner_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, asked: str, space: str, expected: bool
) -> None:
    monkeypatch.setenv(TEACH_VARIABLE, asked)
    monkeypatch.setenv("SPACE_ID", space)
    assert may_teach() is expected


def test_where_nothing_can_be_trained_it_is_off_and_cannot_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teach_switch, "TRAIN", Path("/nowhere/train.py"))
    monkeypatch.delenv(TEACH_VARIABLE, raising=False)
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert may_teach() is False
    monkeypatch.setenv(TEACH_VARIABLE, "on")
    with pytest.raises(CaptchaLabError, match=f"{TEACH_VARIABLE} is on, but .* train.py"):
        may_teach()


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEACH_VARIABLE, "perhaps")
    with pytest.raises(CaptchaLabError, match="'perhaps'; write on or off"):
        may_teach()


@pytest.mark.parametrize("asked", ["on", "off"])
def test_the_page_has_the_tab_or_not(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setenv(TEACH_VARIABLE, asked)
    config = json.dumps(in_loop(build_page, catalogue_of()).get_config_file(), default=str)
    assert (ABOUT in config) is (asked == "on")
