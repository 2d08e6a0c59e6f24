"""Serve the page for the tests, in a process of its own: python -m tests.ui.served PORT [CHECKPOINT].

It reads with the checkpoint, or else with GreyReader, which takes CAPTCHA_LAB_TEST_SECONDS of the environment for each
picture of a set. It reports on standard error every other host whose address it
is made to look up.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from captcha_core.ui.blocks import build_page, serve
from captcha_core.ui.catalogue import ModelCatalogue
from captcha_core.ui.upload_folder import own_folder
from tests.ui.helpers import GreyReader, catalogue_of


class SlowReader(GreyReader):
    """Takes its time for sets."""

    seconds = float(os.environ.get("CAPTCHA_LAB_TEST_SECONDS", "0"))

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for outcome in super().stream(*args, **kwargs):
            time.sleep(self.seconds)
            yield outcome


def main(port: int, *checkpoints: str) -> None:
    """Serve until the process is ended."""
    resolve = socket.getaddrinfo

    def watch(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", "::1", None):
            print(f"asked for {host}", file=sys.stderr, flush=True)
        return resolve(host, *args, **kwargs)

    socket.getaddrinfo = watch
    own = ModelCatalogue({Path(checkpoint).stem: Path(checkpoint) for checkpoint in checkpoints})
    with own_folder():
        serve(build_page(own if checkpoints else catalogue_of(cast(Any, SlowReader()))), "127.0.0.1", port)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
