"""The routes of Gradio's server that the page needs; all others are closed."""

from __future__ import annotations

UPLOAD = "/gradio_api/upload"
_PROGRESS = "/gradio_api/upload_progress"

_PAGES = {
    "/",
    "/config",
    "/favicon.ico",
    "/login",
    "/logout",
    "/manifest.json",
    "/pwa_icon",
    "/robots.txt",
    "/theme.css",
    "/gradio_api/app_id",
    "/gradio_api/cancel",
    "/gradio_api/info",
    "/gradio_api/login_check",
    "/gradio_api/openapi.json",
    "/gradio_api/reset",
    "/gradio_api/startup-events",
    "/gradio_api/theme.css",
    "/gradio_api/token",
    _PROGRESS,
    "/gradio_api/user",
    UPLOAD,
}
_FOLDERS = ("/assets/", "/static/", "/svelte/", "/pwa_icon/", "/gradio_api/heartbeat/", "/gradio_api/queue/")
_FILES = "/gradio_api/file="
# A call makes the server work; what an agent asks for goes the same way.
_CALLS = ("/gradio_api/api/", "/gradio_api/call/", "/gradio_api/mcp", "/gradio_api/run/")
_JOIN = "/gradio_api/queue/join"
_DESCRIPTIONS = ("", "/config", "/gradio_api/info", "/gradio_api/openapi.json")


def is_open(path: str) -> bool:
    """Return whether there is anything at a path.

    Closed are, among others, what fetches files from the web (``/gradio_api/file=http://...``, ``/gradio_api/proxy=``),
    runs ffmpeg (``process_recording``), writes files (``deep_link``) or tells of the server (``monitoring``).
    """
    if path.startswith(_FILES):
        return "://" not in path
    return path.rstrip("/") in _PAGES or path == "/" or path.startswith(_FOLDERS + _CALLS)


def is_of_no_upload(path: str, query: bytes) -> bool:
    """Return whether a request asks how far the upload without a name is, as Gradio 6.31's camera does."""
    return path.rstrip("/") == _PROGRESS and query == b"upload_id="


def is_work(path: str) -> bool:
    """Return whether a request to a path makes the server work."""
    return path.rstrip("/") in (UPLOAD, _JOIN) or path.startswith(_CALLS)


def is_costly(path: str) -> bool:
    """Return whether an answer takes the server a while: work, and what describes the page as a whole."""
    return is_work(path) or path.rstrip("/") in _DESCRIPTIONS
