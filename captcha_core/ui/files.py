"""The input for sets of pictures: Gradio's own, which takes nothing but uploads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, ListFiles
from gradio.utils import is_in_or_equal

from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.ui.picture import WithoutStub
from captcha_core.uploads import Upload

Files = list[Upload] | CaptchaLabError | None
"""What an event receives from a :class:`FilesInput`."""

MOST_FILES = 2000
ACCEPTED = ["image", ".zip", ".parquet", ".pq"]


class FilesInput(gr.File, metaclass=WithoutStub):
    """A ``gr.File`` whose events receive uploads, or the error that says why not.

    Gradio would let an API caller name an address to fetch, or a file of the server.
    """

    # Gradio then uses the frontend of gr.File for this class.
    is_template = True

    def preprocess(self, payload: ListFiles | FileData | None) -> Files:  # type: ignore[override]
        """Return what was uploaded, in the order of choosing, or None when there is nothing."""
        files = list(payload.root) if isinstance(payload, ListFiles) else [payload] if payload else []
        if len(files) > MOST_FILES:
            return DataError(f"These are {len(files):,} files; send at most {MOST_FILES:,}, or a zip of them.")
        if not all(is_in_or_equal(file.path, self.GRADIO_CACHE) for file in files):
            return DataError("A file was not uploaded; upload it first.")
        return [Upload(Path(f.path), Path(f.orig_name or f.path).name) for f in files] or None

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        """Take an upload into the component's cache, but refuse an address, which Gradio would download."""
        if str(url_or_file_path).startswith(("http://", "https://")):
            raise gr.Error("This page fetches nothing from the web; upload the files.", print_exception=False)
        return await super().async_move_resource_to_block_cache(url_or_file_path)

    def example_payload(self) -> Any:
        """Return what the API's description gives as an example; Gradio's would be fetched from the web."""
        return [{"path": "captchas.zip", "meta": {"_type": "gradio.FileData"}}]

    def example_value(self) -> Any:
        """Return the example as a value."""
        return ["captchas.zip"]


def files_input(label: str, **options: Any) -> FilesInput:
    """Return an input for pictures, zip archives and Parquet files; ``options`` are those of ``gr.File``.

    Not an ``__init__`` of the class's own: Gradio tells the browser only what that of ``gr.File`` names.
    """
    return FilesInput(label=label, **{"file_count": "multiple", "file_types": ACCEPTED} | options)


def set_input(
    label: str, limits: str, name: str, tries: dict[str, str]
) -> tuple[FilesInput, list[gr.Button], gr.Button]:
    """Add an input for a set of pictures, what it takes in words, and its buttons.

    Args:
        label: Of the input.
        limits: What it takes.
        name: CSS class of the input.
        tries: Texts of the buttons that try it with examples, by their CSS classes.

    Returns:
        The input, the buttons that try it, and the one that stops a reading, which is hidden.
    """
    with gr.Row(elem_classes="cl-set-in"):
        files = files_input(label, height=150, elem_classes=name)
        with gr.Column(min_width=220):
            gr.HTML(f'<p class="cl-note">{limits}</p>')
            with gr.Row():
                buttons = [gr.Button(text, size="sm", elem_classes=style) for style, text in tries.items()]
                stop = gr.Button("Stop", size="sm", variant="stop", visible=False)
    return files, buttons, stop
