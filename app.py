"""The web page: `python app.py`, then open the address it prints. A Hugging Face Space runs this file too."""

from __future__ import annotations

import argparse
import logging

from captcha_core.cli import run
from captcha_core.ui.blocks import build_page, serve
from captcha_core.ui.catalogue import open_catalogue
from captcha_core.ui.upload_folder import own_folder


def main(argv: list[str]) -> int:
    """Serve the page until it is stopped."""
    parser = argparse.ArgumentParser(prog="app.py", description="Read captcha pictures that you have in the browser.")
    parser.add_argument("--host", help="address to listen on (default: GRADIO_SERVER_NAME, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default: GRADIO_SERVER_PORT, else the first free from 7860)")
    parser.add_argument("--checkpoint", metavar="FILE", help="model to read with (default: the latest in saved_models)")
    arguments = parser.parse_args(argv)
    # Gradio checks that its own server answers, and httpx would tell about it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with own_folder():
        serve(build_page(open_catalogue(arguments.checkpoint)), arguments.host, arguments.port)
    return 0


if __name__ == "__main__":
    run(main)
