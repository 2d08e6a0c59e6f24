"""The controls of the Generate tab: one for every setting of the generator, made from the setting itself.

Names, help and ranges are those of the command line. What the page adds is a short label and a place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import Field, fields
from typing import Any

import gradio as gr
from PIL import ImageColor

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.generator import STYLES, GeneratorSettings
from captcha_core.generator.choice import flag
from captcha_core.generator.fonts import available_fonts
from captcha_core.generator.limits import MOST_NAMES
from captcha_core.ui.links import within
from captcha_core.ui.picture import WithoutStub
from captcha_core.ui.wording import characters

STYLE_LABELS = {
    "default": "Your own mix",
    "pycaptcha": "Python’s “captcha”",
    "varied": "All different",
}
LABELS = {
    "alphabet": "Characters",
    "min_length": "Shortest text",
    "max_length": "Longest text",
    "rotation": "Turn, in degrees",
    "elastic_alpha": "Warp",
    "lines": "Lines",
    "spots": "Spots",
    "width": "Width",
    "height": "Height",
    "char_size": "Letter size",
    "size_jitter": "Uneven size",
    "shear": "Slant",
    "offset": "Up and down",
    "spacing": "Space between letters",
    "elastic_sigma": "Smoothness of the warp",
    "line_width": "Line width",
    "spot_size": "Spot size",
    "fonts": "Fonts",
    "text_colors": "Text, lines and spots",
    "background_colors": "Background",
}
"""Every setting's label; the first ones stand open, in this order."""
GROUPS = {
    "": ("alphabet", "min_length", "max_length", "rotation", "elastic_alpha", "lines", "spots"),
    "Picture size": ("width", "height"),
    "Letters": ("char_size", "size_jitter", "shear", "offset", "spacing", "fonts"),
    "Lines, spots and warp in detail": ("line_width", "spot_size", "elastic_sigma"),
    "Colours": ("text_colors", "background_colors"),
}
"""The settings by the heading that they are under."""

_LENGTHS = ("min_length", "max_length")
_FIELDS: dict[str, Field[Any]] = {item.name: item for item in fields(GeneratorSettings)}
# A slider shall take about so many steps from end to end.
_STEPS = 50


class SettingSlider(gr.Slider, metaclass=WithoutStub):
    """A ``gr.Slider`` whose events receive numbers beyond its end too: an address may name any that the generator has.

    What they receive is checked as the generator's settings, and refused in the words of the page.
    """

    # Gradio then uses the frontend of gr.Slider for this class.
    is_template = True

    def preprocess(self, payload: float) -> float:
        """Return what was sent."""
        return payload


class Controls:
    """The components, by the names of the settings.

    Attributes:
        components: One per setting of the default style, which has every one that there is.
        groups: The accordions by their heading.
    """

    def __init__(self) -> None:
        """Add all of them to the enclosing element."""
        self.components: dict[str, Any] = {}
        self.groups: dict[str, gr.Accordion] = {}
        for heading, names in GROUPS.items():
            if heading:
                with gr.Accordion(heading, open=False) as self.groups[heading]:
                    self._add(names)
            else:
                self._add(names)

    def shown_for(self, style: str) -> list[Any]:
        """Return an update for every component, then every group: whether the style has it, and in what range."""
        known = {item.name: item for item in fields(STYLES[style])}
        updates: list[Any] = []
        for name in self.components:
            item = known.get(name)
            told: dict[str, Any] = {}
            if item is not None and "range" in item.metadata:
                told = {"minimum": item.metadata["range"][0], "maximum": item.metadata["usual"], "info": _info(item)}
            updates.append(gr.update(visible=item is not None, **told))
        return updates + [gr.update(visible=not known.keys().isdisjoint(GROUPS[heading])) for heading in self.groups]

    def moved_to(self, style: str, values: Iterable[Any]) -> list[Any]:
        """Return the values for another style: what nobody has changed becomes what that style has by itself."""
        known = {item.name: item.default for item in fields(STYLES[style])}
        return [
            gr.update(value=_plain(known[name])) if name in known and value in _own_values(name) else gr.skip()
            for name, value in zip(self.components, values, strict=True)
        ]

    def parser_of(self, name: str) -> Callable[[str], Any]:
        """Return what turns the text of an address into a value of the control, as :mod:`captcha_core.ui.links` has it.

        It takes what any of the styles takes; the style that is chosen checks it further.
        """
        default: Any = _FIELDS[name].default
        if isinstance(default, tuple):
            return _font_names if name == "fonts" else _names
        if isinstance(default, str):
            return str
        ranges = [item.metadata["range"] for kind in STYLES.values() for item in fields(kind) if item.name == name]
        return within(min(low for low, _ in ranges), max(high for _, high in ranges), type(default))

    def _add(self, names: tuple[str, ...]) -> None:
        for name in names:
            if name not in _LENGTHS:
                self.components[name] = _control(name)
            elif name == _LENGTHS[0]:
                with gr.Row(elem_classes="cl-lengths"):
                    for length in _LENGTHS:
                        self.components[length] = _control(length)


def settings_of(style: str, names: Iterable[str], values: Iterable[Any]) -> dict[str, Any]:
    """Return those of the values that a style has, by name."""
    # What a browser sends may be anything; a style that there is not is refused later, in words.
    known = {item.name for item in fields(STYLES[style])} if isinstance(style, str) and style in STYLES else set()
    return {name: value for name, value in zip(names, values, strict=True) if name in known}


def in_page_words(message: str) -> str:
    """Return a message with the labels of the page where it speaks of settings as the command line does."""
    for name, label in {**LABELS, "seed": "Seed"}.items():
        # Of names such as "lines", which are words too, only that which a message begins with is the setting's.
        anywhere = rf"|\b{name}\b" if "_" in name else ""
        message = re.sub(rf"{flag(name)}\b|^{name}(?= is\b){anywhere}", f"“{label}”", message)
    return message


def _control(name: str) -> Any:
    """Return the component of one setting."""
    item = _FIELDS[name]
    default: Any = item.default
    shown: dict[str, Any] = {"label": LABELS[name], "info": _info(item)}
    if "range" in item.metadata:
        low, high = item.metadata["range"][0], item.metadata["usual"]
        step = 1 if isinstance(default, int) else 10.0 ** math.floor(math.log10((high - low) / _STEPS) + 1e-9)
        # A lower length of 80 pixels lets two stand side by side.
        return SettingSlider(low, high, default, step=step, min_width=80, **shown)
    if name == "alphabet":
        choices = [(characters(symbols), named) for named, symbols in NAMED_ALPHABETS.items()]
        return gr.Dropdown(choices, value=default, allow_custom_value=True, **shown)
    names = list(available_fonts()) if name == "fonts" else list(ImageColor.colormap)
    return gr.Dropdown(
        sorted(names),
        value=list(default),
        multiselect=True,
        max_choices=MOST_NAMES,
        allow_custom_value=name != "fonts",
        **shown,
    )


def _info(item: Field[Any]) -> str | None:
    """Return what stands under a label: the command line's help, where the label does not say enough."""
    if item.name in _INFO:
        return _INFO[item.name]
    help_text: str = item.metadata["help"]
    return None if item.name in GROUPS[""] else f"{help_text[0].upper()}{help_text[1:]}."


_INFO = {
    "alphabet": "Choose, or type your own.",
    "fonts": "One is drawn for every letter.",
    "text_colors": "Names or #rrggbb, one drawn for each; none chosen: any dark ones.",
    "background_colors": "The same; none chosen: any light ones.",
}


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _font_names(text: str) -> list[str]:
    names = _names(text)
    if not available_fonts().keys() >= set(names):
        raise ValueError(text)
    return names


def _own_values(name: str) -> list[Any]:
    """Return what the styles have for a setting by themselves, as the page holds it."""
    return [_plain(item.default) for kind in STYLES.values() for item in fields(kind) if item.name == name]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
