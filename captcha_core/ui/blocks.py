"""The page as a whole: its head, its tabs, and how it is served."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.about_tab import build_about_tab
from captcha_core.ui.audit_tab import build_audit_tab
from captcha_core.ui.batch_tab import build_batch_tab
from captcha_core.ui.catalogue import ModelCatalogue
from captcha_core.ui.closing import CLOSING, stay
from captcha_core.ui.compare_tab import build_compare_tab
from captcha_core.ui.context import PageContext
from captcha_core.ui.endpoints import answer_agents_in_json, check_mcp
from captcha_core.ui.generate_tab import build_generate_tab
from captcha_core.ui.guard import Guard
from captcha_core.ui.health import build_health
from captcha_core.ui.heaps import share_heaps
from captcha_core.ui.housekeeping import housekeeping
from captcha_core.ui.labels import LABELS_JS
from captcha_core.ui.links import KEEP_JS, one_of
from captcha_core.ui.plain import PlainBlocks
from captcha_core.ui.read_tab import PASTE_JS, build_read_tab
from captcha_core.ui.settings import PageSettings, page_settings
from captcha_core.ui.space import ask_for_gpu, trust_proxy
from captcha_core.ui.teach_switch import may_teach
from captcha_core.ui.teach_tab import build_teach_tab
from captcha_core.ui.theme import page_css, page_theme
from captcha_core.ui.upload_folder import UploadFolder, page_folder
from captcha_core.ui.wording import described

PROMISE = "It reads pictures that you already have and contacts no web site."
TEACH = "teach"
# In the order in which they stand; the name is the tab's in the page's address.
TABS = (
    ("read", "Read", build_read_tab),
    ("batch", "Batch", build_batch_tab),
    ("generate", "Generate", build_generate_tab),
    ("audit", "How strong is it?", build_audit_tab),
    ("compare", "Compare", build_compare_tab),
    (TEACH, "Teach", build_teach_tab),
    ("about", "About", build_about_tab),
)

# Uploads are deleted between one and two hours after they came, in seconds: (how often to look, from which age).
_DELETE_UPLOADS = (3600, 3600)
# Sessions that are remembered; each has a description of all elements.
_MOST_SESSIONS = 1000


def build_page(catalogue: ModelCatalogue) -> gr.Blocks:
    """Return the whole page, with the limits that the environment sets.

    Args:
        catalogue: The models; an empty one makes a page that says how to train a model.

    Raises:
        CaptchaLabError: If a variable of the environment says nothing that can be used.
    """
    settings = page_settings()
    shown = [tab for tab in TABS if tab[0] != TEACH or may_teach()]
    with PlainBlocks(title="Captcha Lab", analytics_enabled=False, delete_cache=_DELETE_UPLOADS) as page:
        with gr.Row(elem_classes="cl-top"):
            gr.HTML(f"<h1>Captcha Lab</h1><p>{PROMISE}</p>", elem_classes="cl-head")
            context = PageContext(catalogue, _model_menu(catalogue), settings)
        context.links.add("model", context.model, one_of(catalogue.names))
        children = {}
        with gr.Tabs() as tabs:
            for name, label, build in shown:
                with gr.Tab(label, id=name) as children[name]:
                    build(context)
        build_health(context)
        context.links.add_tabs(tabs, children)
        context.links.connect(page)
    # What is in the queue goes through it: without api_open, a program could pass by all who wait.
    page.queue(max_size=settings.waiting, api_open=False)
    # The figures of past events are for a page of Gradio's that is closed, and take ever longer.
    page._queue.ANALYTICS_MAX_EVENTS, page._queue.ANAYLTICS_CACHE_FREQUENCY = 1, sys.maxsize
    return page


def _model_menu(catalogue: ModelCatalogue) -> gr.Dropdown:
    """Return the menu of models; each is shown with what it reads and how well."""
    choices = [(described(name, catalogue.meta(name)), name) for name in catalogue.names]
    return gr.Dropdown(
        choices,
        value=catalogue.names[0] if catalogue.names else None,
        label="Model",
        filterable=False,
        container=False,
        visible=bool(choices),
        elem_classes="cl-model",
    )


def serve(page: gr.Blocks, host: str | None = None, port: int | None = None, *, block: bool = True) -> str:
    """Serve the page, to those and as much as the environment says.

    Args:
        page: What :func:`build_page` returned.
        host: Address to listen on; None takes ``GRADIO_SERVER_NAME``, else 127.0.0.1.
        port: Port to listen on; None takes ``GRADIO_SERVER_PORT``, else the first free one from 7860.
        block: Whether to return only when the process is told to end, and the page is closed.

    Returns:
        The page's address.

    Raises:
        CaptchaLabError: If the port or the address cannot be used, an MCP server is asked for that cannot be had, or a
            variable of the environment says nothing that can be used.
    """
    settings = page_settings()
    check_mcp(bool(settings.accounts))
    ask_for_gpu()
    trust_proxy()
    host = host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    _check_free(host, port)
    share_heaps()
    try:
        _, address, _ = page.launch(server_name=host, server_port=port, **_launching(page, settings))
    except OSError as error:
        tried = "No port from 7860 is free" if port is None else f"Port {port} cannot be used"
        raise CaptchaLabError(f"{tried} on {host}; choose another with --port.") from error
    answer_agents_in_json(page)
    if block:
        stay(page)
    return address


def _launching(page: gr.Blocks, settings: PageSettings) -> dict[str, Any]:
    """Return how Gradio shall serve the page, beside where."""
    return {
        "prevent_thread_lock": True,
        # Else Gradio asks itself for the page, and gives up where others ask at that moment and it takes 3 seconds.
        "_frontend": False,
        "max_file_size": settings.max_upload,
        "auth": list(settings.accounts) or None,
        "state_session_capacity": _MOST_SESSIONS,
        "app_kwargs": _around(page, settings),
        "share": False,
        "show_error": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "run_history": False,
        "footer_links": ["api", "settings"],
        "theme": page_theme(),
        "css": page_css(),
        "js": PASTE_JS + KEEP_JS + LABELS_JS,
    }


def _around(page: gr.Blocks, settings: PageSettings) -> dict[str, Any]:
    """Return what Gradio puts around its routes: what stands before them, and what clears up behind them."""
    kept = {file for block in page.blocks.values() for file in getattr(block, "keep_in_cache", ())}
    folder = UploadFolder(page_folder(), settings.uploads_mb << 20, kept)
    guard = Middleware(Guard, settings=settings, folder=folder, closing=CLOSING)
    return {"middleware": [guard], "lifespan": housekeeping(folder)}


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
