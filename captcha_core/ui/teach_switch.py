"""Whether visitors of the page may teach: training uses all cores for minutes, so the page's owner decides."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.space import on_space

TEACH_VARIABLE = "CAPTCHA_LAB_TEACH"
"""The environment variable that forces the tab on or off."""

ROOT = Path(__file__).resolve().parents[2]
TRAIN, EXPORT = ROOT / "train.py", ROOT / "export.py"


def may_teach() -> bool:
    """Return whether the page has the tab Teach: at home, unless it is turned off, and on a Space, if it is turned on.

    Raises:
        CaptchaLabError: If the variable says neither, or asks for what cannot be done here.
    """
    asked = os.environ.get(TEACH_VARIABLE, "").strip().lower()
    if asked not in ("", "on", "off"):
        raise CaptchaLabError(f"{TEACH_VARIABLE} is {asked!r}; write on or off, or unset it.")
    if asked == "off" or (not asked and on_space()):
        return False
    able = TRAIN.is_file() and importlib.util.find_spec("torch") is not None
    if asked and not able:
        raise CaptchaLabError(
            f"{TEACH_VARIABLE} is on, but training needs torch and train.py beside app.py, and not both are here. "
            f"Install the whole project, or unset {TEACH_VARIABLE}."
        )
    return able
