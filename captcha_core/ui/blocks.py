"""The page as a whole: its head, its tabs, and how it is served."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

import gradio as gr

from captcha_core.errors import CaptchaLabError, CheckpointError
from captcha_core.recognizer import Recognizer, default_checkpoint
from captcha_core.ui.read_tab import PASTE_JS, build_read_tab
from captcha_core.ui.theme import page_css, page_theme

PROMISE = "It reads pictures that you already have and contacts no web site."
ABOUT = (
    "About: an open system for drawing, reading and measuring text captchas, for learning, research and testing your "
    "own. It fetches no captcha and submits no answer. Uploads stay on the machine that runs this page and are deleted "
    "within two hours."
)

# Uploads are deleted between one and two hours after they came, in seconds: (how often to look, from which age).
_DELETE_UPLOADS = (3600, 3600)
_MAX_UPLOAD = "5mb"

logger = logging.getLogger(__name__)


def open_recognizer(checkpoint: str | Path | None) -> Recognizer | None:
    """Load the named checkpoint, or the latest of the shipped ones.

    Args:
        checkpoint: Path of a checkpoint; None takes the latest in ``saved_models``.

    Returns:
        The recogniser; None if no checkpoint was named and none can be used, so that the page can say so.

    Raises:
        CheckpointError: If the named checkpoint cannot be used.
    """
    if checkpoint is not None:
        return Recognizer(checkpoint)
    try:
        return Recognizer(default_checkpoint())
    except CheckpointError as error:
        logger.warning("The page starts without a model. %s", error)
        return None


def build_page(recognizer: Recognizer | None) -> gr.Blocks:
    """Return the whole page.

    Args:
        recognizer: Reads the pictures; None makes a page that says how to train a model.
    """
    with gr.Blocks(title="Captcha Lab", analytics_enabled=False, delete_cache=_DELETE_UPLOADS) as page:
        gr.HTML(f"<h1>Captcha Lab</h1><p>{PROMISE}</p>", elem_classes="cl-head")
        build_read_tab(recognizer)
        gr.HTML(f"<p>{ABOUT}</p>", elem_classes="cl-about")
    return page


def serve(page: gr.Blocks, host: str | None = None, port: int | None = None, *, block: bool = True) -> str:
    """Serve the page.

    Args:
        page: What :func:`build_page` returned.
        host: Address to listen on; None takes ``GRADIO_SERVER_NAME``, else 127.0.0.1.
        port: Port to listen on; None takes ``GRADIO_SERVER_PORT``, else the first free one from 7860.
        block: Whether to return only when the server is stopped.

    Returns:
        The page's address.

    Raises:
        CaptchaLabError: If the port or the address cannot be used.
    """
    host = host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    _check_host(host)
    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=not block,
            max_file_size=_MAX_UPLOAD,
            show_error=False,
            enable_monitoring=False,
            ssr_mode=False,
            run_history=False,
            footer_links=["api", "settings"],
            theme=page_theme(),
            css=page_css(),
            js=PASTE_JS,
        )
    except (OSError, OverflowError) as error:
        tried = port or os.environ.get("GRADIO_SERVER_PORT") or "7860 and the next ones"
        raise CaptchaLabError(
            f"Cannot listen on port {tried} of {host}: taken or not allowed. Choose another with --port."
        ) from error
    return address


def _check_host(host: str) -> None:
    """Refuse an address that is not this machine's; Gradio would try it on a hundred ports, five seconds each.

    Raises:
        CaptchaLabError: If nothing can listen on the address.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host.strip("[]"), 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(address)
    except OSError as error:
        raise CaptchaLabError(
            f"Cannot listen on the address {host}: {error.strerror}. Choose another with --host."
        ) from error
