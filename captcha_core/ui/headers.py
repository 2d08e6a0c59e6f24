"""The headers of every answer of the page, and what a browser may then do with it."""

from __future__ import annotations

import secrets

_FRAMED_BY = "'self' https://huggingface.co https://*.hf.space"
"""Who may show the page in a frame: a Space's page does."""

STEADY = {
    b"x-content-type-options": b"nosniff",
    # A link from the page to elsewhere does not tell what was chosen, which stands in the page's address.
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"camera=(self), clipboard-write=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Those that are always the same."""


def content_policy(nonce: str = "") -> bytes:
    """Return the content security policy.

    Gradio 6.31 makes functions out of the ``js`` of events, hence 'unsafe-eval'; its style sheets are inline. An inline
    script runs only with the nonce, so that none does that came in with a label or a file's name.

    Args:
        nonce: What the page's own inline scripts carry; empty for an answer that has none.
    """
    scripts = f"'self' 'unsafe-eval' 'nonce-{nonce}'" if nonce else "'self'"
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {_FRAMED_BY}",
        ]
    ).encode()


def with_nonce(page: bytes) -> tuple[bytes, str]:
    """Return a page of Gradio's whose scripts all carry a new nonce, and the nonce.

    What Gradio puts into a script from elsewhere has every ``<`` escaped, so each that is found is its own.
    """
    nonce = secrets.token_urlsafe(16)
    return page.replace(b"<script", f'<script nonce="{nonce}"'.encode()), nonce
