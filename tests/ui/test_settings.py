"""What the owner of a page sets through the environment."""

from __future__ import annotations

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.settings import PageSettings, page_settings


def test_without_the_environment_the_limits_are_safe() -> None:
    settings = page_settings({})
    assert settings == PageSettings()
    assert settings.max_upload == 64 << 20
    assert (settings.requests_per_minute, settings.waiting) == (600, 128)


def test_the_environment_decides() -> None:
    settings = page_settings(
        {
            "CAPTCHA_LAB_AUTH": "ann:a b:c, bob:x",
            "CAPTCHA_LAB_UPLOAD_MB": "5",
            "CAPTCHA_LAB_UPLOADS_MB": " 50 ",
            "CAPTCHA_LAB_REQUESTS_PER_MINUTE": "0",
            "CAPTCHA_LAB_WAITING": "",
        }
    )
    assert settings == PageSettings((("ann", "a b:c"), ("bob", "x")), 5, 50, 0, 128)
    assert "a b:c" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAPTCHA_LAB_UPLOAD_MB", "0"),
        ("CAPTCHA_LAB_UPLOAD_MB", "many"),
        ("CAPTCHA_LAB_UPLOAD_MB", "1e3"),
        ("CAPTCHA_LAB_UPLOADS_MB", "63"),
        ("CAPTCHA_LAB_REQUESTS_PER_MINUTE", "-1"),
        ("CAPTCHA_LAB_WAITING", "100000"),
    ],
)
def test_a_limit_that_is_none_is_one_sentence_with_its_name(variable: str, value: str) -> None:
    with pytest.raises(CaptchaLabError, match=f"^{variable} is .*{value}"):
        page_settings({variable: value})


@pytest.mark.parametrize("text", ["secret", "ann:", ":secret", "ann:secret,", "ann:secret,bob"])
def test_an_account_that_is_none_is_told_without_its_password(text: str) -> None:
    with pytest.raises(CaptchaLabError, match="^Account [12] in CAPTCHA_LAB_AUTH") as caught:
        page_settings({"CAPTCHA_LAB_AUTH": text})
    assert "secret" not in str(caught.value)
