"""What the Read tab shows of a reading, as HTML; everything that comes from a model or a visitor is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captcha_core.constraint import Constraint
from captcha_core.prediction import Prediction
from captcha_core.saliency import overlay
from captcha_core.ui.confidence import DOUBTFUL_BELOW, LEVELS, strip_html, verdict_html
from captcha_core.ui.html_parts import picture_url
from captcha_core.ui.restriction import in_words
from captcha_core.ui.wording import measured, scope

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


def panel_html(prediction: Prediction, threshold: float = DOUBTFUL_BELOW, constraint: Constraint | None = None) -> str:
    """Return verdict and strip."""
    restricted = "" if constraint is None else f" Restricted to: {html.escape(in_words(constraint))}."
    if prediction.text:
        return verdict_html(prediction, threshold) + strip_html(prediction, threshold, restricted)
    note = f'<p class="cl-note">The model sees no character in this picture.{restricted}</p>'
    return f'<p class="cl-verdict cl-{LEVELS[-1].name}" role="status"><strong>Nothing read</strong></p>{note}'


def details_html(prediction: Prediction, image: Image.Image, recognizer: Recognizer) -> str:
    """Return the picture as the model sees it, and which model read it in what time."""
    view, meta = recognizer.model_view(image), recognizer.meta
    size = f"{view.width} × {view.height} pixels"
    facts = {
        "Read in": f"{prediction.latency_ms:.0f} ms",
        "Model": html.escape(prediction.model_id).replace("@", "<wbr>@"),
        "Exact match": html.escape(measured(meta) or "not measured"),
        "Input": size,
        "Reads": html.escape(scope(meta.alphabet, meta.max_length)),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    return (
        '<div class="cl-details"><figure>'
        f'<img src="{picture_url(view)}" alt="The picture as the model sees it, {size}">'
        f"<figcaption>What the model sees</figcaption></figure><dl>{listed}</dl></div>"
    )


def saliency_html(text: str, view: Image.Image, maps: NDArray[np.float32]) -> str:
    """Return a picture per character of the text: where the model looked for it."""
    figures = "".join(
        f'<figure><img src="{picture_url(overlay(view, one))}" alt="Where the model looked for position {i}">'
        f"<figcaption>{i}: <b>{html.escape(character)}</b></figcaption></figure>"
        for i, (character, one) in enumerate(zip(text, maps, strict=True), 1)
    )
    return (
        f'<div class="cl-maps">{figures}</div><p class="cl-note">Approximate: parts of the picture were covered one '
        "after the other. The stronger the colour, the less sure the model was of the character without that part.</p>"
    )
