"""The page as a whole: its head, its tabs, and how it is served."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import gradio as gr

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.read_tab import PASTE_JS, build_read_tab
from captcha_core.ui.theme import page_css, page_theme

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

PROMISE = "It reads pictures that you already have and contacts no web site."
ABOUT = (
    "About: an open system for drawing, reading and measuring text captchas, for learning, research and testing your "
    "own. It fetches no captcha and submits no answer. Uploads stay on the machine that runs this page and are deleted "
    "within two hours."
)

# Uploads are deleted between one and two hours after they came, in seconds: (how often to look, from which age).
_DELETE_UPLOADS = (3600, 3600)
_MAX_UPLOAD = "5mb"


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
    _check_free(host, port)
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
    except OSError as error:
        raise CaptchaLabError(f"No port of {host} from 7860 is free; choose another with --port.") from error
    return address


def _check_free(host: str, port: int | None) -> None:
    """Refuse at once what cannot be listened on; Gradio would try an address on a hundred ports, five seconds each.

    Raises:
        CaptchaLabError: If the address is not this machine's, or the port is taken or not allowed.
    """
    if port is not None and not 0 < port < 65536:
        raise CaptchaLabError(f"There is no port {port}; choose one from 1 to 65535 with --port.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host.strip("[]"), port or 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # A port that a page just left is free, though the system still waits for late packets.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        where = host if port is None else f"{host}, port {port}"
        raise CaptchaLabError(
            f"Cannot listen on {where}: {error.strerror}. Choose another with --host or --port."
        ) from error
