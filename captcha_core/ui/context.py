"""What the tabs of one page share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from captcha_core.ui.batching import Batcher
from captcha_core.ui.catalogue import ModelCatalogue
from captcha_core.ui.links import DeepLinks
from captcha_core.ui.settings import PageSettings

QUEUED: dict[str, Any] = {"concurrency_id": "reading", "concurrency_limit": 32}
"""Of events that answer in a moment: many may wait at once, since :class:`Batcher` reads their pictures together."""
WORKING: dict[str, Any] = {"concurrency_id": "working", "concurrency_limit": 1}
"""Of events that take a while and use all cores: one at a time."""


@dataclass(frozen=True)
class PageContext:
    """What every tab is given.

    Attributes:
        catalogue: The models.
        model: The menu at the head of the page; its value is a name in the catalogue.
        settings: The limits.
        batcher: Reads single pictures.
        links: What the page's address keeps.
        drawing: The controls of the Generate tab, the style's first, then those of the settings by their names; empty
            until that tab is built.
    """

    catalogue: ModelCatalogue
    model: gr.Dropdown
    settings: PageSettings = PageSettings()
    batcher: Batcher = field(default_factory=Batcher)
    links: DeepLinks = field(default_factory=DeepLinks)
    drawing: dict[str, Any] = field(default_factory=dict)
