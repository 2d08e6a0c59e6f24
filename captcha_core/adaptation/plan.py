"""How long an adaptation learns, and from what: the one place for the numbers that docs/adapting.md explains."""

from __future__ import annotations

from dataclasses import dataclass

from captcha_core.adaptation.look_alikes import Search


@dataclass(frozen=True)
class Plan:
    """What follows from the number of pictures.

    Attributes:
        folds: Parts of the pictures; of each in turn nothing is learned, so that it can judge.
        head_steps: Steps in which only the head learns.
        full_steps: Steps in which everything learns.
        new: Pictures of the new captcha in a step.
        old: Pictures of what the model read before in a step.
        replay: How many different ones of these there are.
        alike: Drawn pictures that look like the new captcha in a step; none until it is shown that they help.
        drawn_alike: How many different ones of these there are.
        search: How the settings are searched that these are drawn with.
        learning_rate: Peak of the schedule of the full steps; the head's steps take the same.
        augment: Share of the pictures that augmentation changes.
        ema_decay: Of the averaged weights, which are what is kept.
    """

    folds: int = 3
    head_steps: int = 10
    full_steps: int = 90
    new: int = 24
    old: int = 8
    replay: int = 400
    alike: int = 0
    drawn_alike: int = 400
    search: Search = Search()
    learning_rate: float = 1e-3
    augment: float = 0.8
    ema_decay: float = 0.95


def plan_for(pictures: int) -> Plan:
    """Return the plan for so many pictures of the new captcha: more of them are looked at more often, up to a limit."""
    return Plan(full_steps=min(400, max(90, pictures // 4)))
