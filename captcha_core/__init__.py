"""Captcha Lab: draw, read, train on and audit text captchas that you already have."""

__version__ = "0.1.0"
