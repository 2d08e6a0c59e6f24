"""What the tests of the page share."""

from __future__ import annotations

from typing import cast

import pytest

from captcha_core.recognizer import Recognizer
from tests.ui.helpers import GreyReader


@pytest.fixture
def reader() -> Recognizer:
    """Return a recogniser that knows its answers; see GreyReader."""
    return cast(Recognizer, GreyReader())
