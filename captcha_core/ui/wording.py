"""What the page says of a model in a few words."""

from __future__ import annotations

from captcha_core.checkpoint_meta import CheckpointMeta
from captcha_core.prediction import percent

_RUNS = {"0123456789": "0-9", "abcdefghijklmnopqrstuvwxyz": "a-z", "ABCDEFGHIJKLMNOPQRSTUVWXYZ": "A-Z"}


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
    """Return a model's line in a menu: its name, what it reads, and how well on which pictures."""
    line = f"{name} · {characters(meta.alphabet)}, up to {meta.max_length}"
    exact = meta.metrics.get("val_exact_match")
    if exact is None:
        return line
    data = meta.training_data[-1]["name"] if meta.training_data else "its training data"
    return f"{line} · {percent(exact, 1)} on {data}, held out"
