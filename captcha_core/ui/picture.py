"""The picture input that every tab uses: Gradio's, with our own gate in front of the pixels."""

from __future__ import annotations

import base64
from abc import ABCMeta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
from gradio.component_meta import ComponentMeta
from gradio.data_classes import ImageData
from gradio.route_utils import API_PREFIX
from gradio.utils import is_in_or_equal
from PIL import Image

from captcha_core.errors import ImageError
from captcha_core.imaging import load_image

_NOT_FETCHED = "This page fetches nothing from the web; upload the picture itself."

Picture = Image.Image | ImageError | None
"""What an event receives from a :class:`PictureInput`."""

MAX_PICTURE = 5 << 20
"""Largest picture that is taken by itself, in bytes; the page as a whole takes larger uploads, for sets."""


class WithoutStub(ComponentMeta):
    """Makes a component class without the ``.pyi`` that Gradio else writes beside the source file.

    Such a stub goes stale, and mypy believes it more than the source. The rest of what Gradio's metaclass does
    concerns an ``__init__`` or ``EVENTS`` of the class's own.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
        """Make the class as Python does."""
        return ABCMeta.__new__(cls, name, bases, namespace)


class PictureInput(gr.Image, metaclass=WithoutStub):
    """A ``gr.Image`` whose events receive a clean RGB ``PIL.Image.Image``, or the ``ImageError`` that says why not.

    Gradio 6.31 turns transparent pixels black, hands over GIFs as palette indices, clips 16-bit pictures, and lets
    an API caller name an address to fetch or, by leaving out ``meta``, any picture file of the server. Here all
    pixels go through :func:`captcha_core.imaging.load_image`, and only uploads and ``data:`` URLs are taken.

    The error is a value, so that the page can show it where the result would stand. If it were raised, it would
    become a passing message while the previous picture's result stays.
    """

    # Gradio then uses the frontend of gr.Image for this class.
    is_template = True

    def preprocess(self, payload: ImageData | None) -> Picture:  # type: ignore[override]
        """Return the uploaded picture, why it cannot be read, or None when there is none.

        Args:
            payload: Where the upload lies, or a ``data:`` URL.
        """
        if payload is None:
            return None
        name = Path(payload.orig_name).name if payload.orig_name else "The picture"
        try:
            source = self._upload(payload, name)
            if (len(source) if isinstance(source, bytes) else source.stat().st_size) > MAX_PICTURE:
                raise ImageError(f"{name} is larger than {MAX_PICTURE >> 20} MB; crop or shrink it to the text.")
            return load_image(source, name)
        except ImageError as error:
            return error

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        """Take an upload into the component's cache, but refuse an address, which Gradio would download.

        An upload's own address, by which agents name it, is taken for the file; its host is not contacted.
        """
        if str(url_or_file_path).startswith(("http://", "https://")):
            url_or_file_path = unquote(str(url_or_file_path).partition(f"{API_PREFIX}/file=")[2])
            if not url_or_file_path or not is_in_or_equal(url_or_file_path, self.GRADIO_CACHE):
                raise gr.Error(_NOT_FETCHED, print_exception=False)
        return await super().async_move_resource_to_block_cache(url_or_file_path)

    def example_payload(self) -> Any:
        """Return what the API's description gives as an example; Gradio's would be fetched from the web."""
        return {"path": "captcha.png", "meta": {"_type": "gradio.FileData"}}

    def example_value(self) -> Any:
        """Return the example as a value."""
        return "captcha.png"

    def _upload(self, payload: ImageData, name: str) -> Path | bytes:
        """Return the upload's path or the bytes of a ``data:`` URL.

        Raises:
            ImageError: If the payload is neither.
        """
        if payload.url and payload.url.startswith("data:"):
            try:
                return base64.b64decode(payload.url.partition(",")[2], validate=True)
            except ValueError as error:
                raise ImageError(f"{name} is not valid base64; send it as data:image/png;base64,...") from error
        if payload.path and is_in_or_equal(payload.path, self.GRADIO_CACHE):
            return Path(payload.path)
        raise ImageError(f"{name} was not uploaded; upload the picture first.")
