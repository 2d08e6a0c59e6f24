"""Files inside addresses, so that a page needs no other file and names no place on a disk."""

from __future__ import annotations

import base64


def data_url(data: bytes, kind: str = "image/png") -> str:
    """Return a file's bytes as a ``data:`` URL (RFC 2397); ``kind`` is its media type."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
