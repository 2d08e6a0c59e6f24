"""What the owner of a page sets through the environment: who may come, and how much they may ask for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from captcha_core.errors import CaptchaLabError

AUTH_VARIABLE = "CAPTCHA_LAB_AUTH"


def _limit(variable: str, default: int, most: int, least: int = 1) -> Any:
    return field(default=default, metadata={"variable": variable, "least": least, "most": most})


@dataclass(frozen=True)
class PageSettings:
    """The limits of a page and its accounts.

    Attributes:
        accounts: Names and passwords of those who may come in; empty lets everybody in.
        upload_mb: Largest file that is taken, in MB.
        uploads_mb: What all uploads and downloads may take on the disk together, in MB; then the oldest give way.
        requests_per_minute: Of one address, those that make the server work; 0 sets no limit.
        waiting: How many requests may wait; whoever comes then is told at once that the page is busy.
    """

    accounts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    upload_mb: int = _limit("CAPTCHA_LAB_UPLOAD_MB", 64, 1024)
    uploads_mb: int = _limit("CAPTCHA_LAB_UPLOADS_MB", 2048, 1 << 20)
    requests_per_minute: int = _limit("CAPTCHA_LAB_REQUESTS_PER_MINUTE", 600, 10**6, least=0)
    waiting: int = _limit("CAPTCHA_LAB_WAITING", 128, 1000)

    @property
    def max_upload(self) -> int:
        """Largest file that is taken, in bytes."""
        return self.upload_mb << 20


def page_settings(environment: Mapping[str, str] = os.environ) -> PageSettings:
    """Return what the environment says, and safe defaults for the rest.

    Raises:
        CaptchaLabError: If a variable says nothing that can be used. No password is in the text.
    """
    limits = {
        item.name: _number(environment, item.default, **item.metadata) for item in fields(PageSettings) if item.metadata
    }
    settings = PageSettings(_accounts(environment.get(AUTH_VARIABLE, "")), **limits)
    if settings.uploads_mb < settings.upload_mb:
        raise CaptchaLabError(
            f"CAPTCHA_LAB_UPLOADS_MB is {settings.uploads_mb}, less than one file of CAPTCHA_LAB_UPLOAD_MB, "
            f"{settings.upload_mb}; raise the one or lower the other."
        )
    return settings


def _number(environment: Mapping[str, str], default: Any, variable: str, least: int, most: int) -> int:
    """Return a limit.

    Raises:
        CaptchaLabError: If it is no whole number between its bounds.
    """
    text = environment.get(variable, "").strip()
    try:
        number = int(text or default)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise CaptchaLabError(f"{variable} is {text!r:.40}; set it to a whole number from {least} to {most}.")
    return number


def _accounts(text: str) -> tuple[tuple[str, str], ...]:
    """Return the accounts in a text such as ``ann:her password,bob:his``.

    Raises:
        CaptchaLabError: If a part is not a name and a password.
    """
    accounts = []
    for number, part in enumerate(text.split(",") if text else [], 1):
        name, colon, password = part.strip().partition(":")
        if not (name and colon and password):
            raise CaptchaLabError(
                f"Account {number} in {AUTH_VARIABLE} is not a name, a colon and a password; write name:password, and "
                "commas between accounts."
            )
        accounts.append((name, password))
    return tuple(accounts)
