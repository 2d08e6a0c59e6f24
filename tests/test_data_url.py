from __future__ import annotations

import urllib.request

from captcha_core.data_url import data_url


def test_the_bytes_and_their_type_come_out_again() -> None:
    with urllib.request.urlopen(data_url(bytes(range(256)), "image/webp")) as answer:
        assert answer.read() == bytes(range(256))
        assert answer.headers["Content-Type"] == "image/webp"
