"""Adaptations so short that they take seconds, in a test or in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from captcha_core.adaptation import adapt
from captcha_core.adaptation.look_alikes import Search
from captcha_core.adaptation.plan import Plan
from captcha_core.training import history

_PLAN = Plan(
    head_steps=1,
    full_steps=3,
    new=4,
    old=2,
    replay=4,
    alike=2,
    drawn_alike=4,
    search=Search(first=2, rounds=1, changes=1, kept=2, pictures=2),
)


def shorten(patch: Callable[[object, str, object], None]) -> None:
    """Make adaptations short, with ``patch`` for ``setattr``, and the curves, which take most of the time, blank."""
    patch(adapt, "plan_for", lambda count: _PLAN)
    patch(adapt, "_JUDGING", 2)
    patch(history, "_plot", lambda rows, path: Image.new("RGB", (64, 64)).save(path))
