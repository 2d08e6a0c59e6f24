"""What the tests of the page share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.ui.helpers import GreyReader

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


@pytest.fixture
def reader() -> Recognizer:
    """Return a recogniser that knows its answers; see GreyReader."""
    return cast(Any, GreyReader())
