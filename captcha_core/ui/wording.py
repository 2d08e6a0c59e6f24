"""What the page says of a model in a few words."""

from __future__ import annotations

from typing import Any

from captcha_core.checkpoint_meta import CheckpointMeta
from captcha_core.prediction import percent

_RUNS = {"0123456789": "0-9", "abcdefghijklmnopqrstuvwxyz": "a-z", "ABCDEFGHIJKLMNOPQRSTUVWXYZ": "A-Z"}


def model_name(model_id: str) -> str:
    """Return what the page's menu calls a model, from the id that its predictions have."""
    return model_id.partition("@")[0]


def characters(alphabet: str) -> str:
    """Return an alphabet in short, such as "0-9 a-z"."""
    shown = alphabet
    for run, short in _RUNS.items():
        shown = shown.replace(run, f"{short} ")
    return shown.strip()


def scope(alphabet: str, max_length: int) -> str:
    """Say what a model can read at all: its characters, whether case counts, the longest text."""
    lower, upper = any(c.islower() for c in alphabet), any(c.isupper() for c in alphabet)
    case = "; upper and lower case count as one" if lower != upper else ""
    return f"{characters(alphabet)}{case}; up to {max_length} characters"


def described(name: str, meta: CheckpointMeta) -> str:
    """Return a model's line in a menu: its name, what it reads, and how well on what; short, since a phone shows it."""
    exact, data = _exact(meta), _data(meta)
    kinds, names = ("unseen", data["held_out"]) if data.get("held_out") else ("its own", data.get("name"))
    figure = [] if exact is None else [f"{exact} on {kinds} kinds ({_short(names)})" if names else exact]
    return " · ".join([name, characters(meta.alphabet), f"up to {meta.max_length}", *figure])


def measured(meta: CheckpointMeta) -> str | None:
    """Say which share of whole texts a model read right, and on which pictures; None if it was not measured."""
    exact = _exact(meta)
    if exact is None:
        return None
    data = _data(meta)
    if data.get("held_out"):
        return f"{exact} on {data['held_out']}, of kinds that it did not learn from"
    return f"{exact} on {data.get('name', 'its training data')}, held out"


def _short(names: str) -> str:
    """Return the first of some files' names without its ending, and how many more there are."""
    first, *others = names.split(", ")
    return first.rpartition("/")[2].partition(".")[0] + (f" +{len(others)}" if others else "")


def _data(meta: CheckpointMeta) -> dict[str, Any]:
    """Return what the last run learned from, rather than what it drew."""
    return next((data for data in reversed(meta.training_data) if "fingerprint" in data), {})


def _exact(meta: CheckpointMeta) -> str | None:
    exact = meta.metrics.get("val_exact_match")
    return None if exact is None else percent(exact, 1)
