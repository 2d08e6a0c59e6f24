"""How hard a captcha of the default style is to read, in five steps for whoever does not want to set each strength."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from captcha_core.generator.base import Style
from captcha_core.generator.styles import GeneratorSettings

LOOKS = tuple(
    item.name
    for item in fields(GeneratorSettings)
    if "range" in item.metadata and item.name not in {other.name for other in fields(Style)}
)
"""The strengths that a difficulty decides; text, size, fonts and colours stay as they are."""

_NONE = {"size_jitter": 0.0, "rotation": 0.0, "shear": 0.0, "offset": 0.0, "spots": 0, "lines": 0, "elastic_alpha": 0.0}
_CHANGES: dict[str, dict[str, float]] = {
    "Plain": _NONE,
    "Easy": {"rotation": 6.0, "shear": 0.05, "offset": 0.04, "spots": 10, "lines": 1, "elastic_alpha": 10.0},
    "Medium": {},
    "Hard": {
        "rotation": 22.0,
        "shear": 0.25,
        "offset": 0.1,
        "spacing": -0.05,
        "spots": 80,
        "lines": 4,
        "elastic_alpha": 60.0,
    },
    "Very hard": {
        "size_jitter": 0.2,
        "rotation": 30.0,
        "shear": 0.35,
        "offset": 0.14,
        "spacing": -0.12,
        "spots": 160,
        "lines": 7,
        "elastic_alpha": 75.0,
    },
}
_DEFAULTS = {item.name: item.default for item in fields(GeneratorSettings)}

DIFFICULTIES: dict[str, dict[str, Any]] = {
    name: {look: changes.get(look, _DEFAULTS[look]) for look in LOOKS} for name, changes in _CHANGES.items()
}
"""The values of all ``LOOKS`` by the difficulty's name, from the easiest on."""


def difficulty_of(settings: Style) -> str | None:
    """Return the difficulty whose strengths these settings have, or None."""
    looks = {look: getattr(settings, look, None) for look in LOOKS}
    return next((name for name, values in DIFFICULTIES.items() if values == looks), None)
