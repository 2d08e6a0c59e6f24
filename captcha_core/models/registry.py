"""Architectures by name, so that a checkpoint can say which one it needs."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from captcha_core.errors import CheckpointError

_BUILDERS: dict[str, Callable[..., nn.Module]] = {}
Builder = TypeVar("Builder", bound=Callable[..., nn.Module])


def register_model(name: str) -> Callable[[Builder], Builder]:
    """Register a class or function that builds an architecture.

    Raises:
        ValueError: If the name is taken.
    """

    def register(builder: Builder) -> Builder:
        if name in _BUILDERS:
            raise ValueError(f"the architecture {name!r} is registered already")
        _BUILDERS[name] = builder
        return builder

    return register


def build_model(arch: str, **arch_args: Any) -> nn.Module:
    """Build an architecture with fresh weights.

    Returns:
        A module that maps pictures (B, 3, H, W) to logits (B, time steps, classes).

    Raises:
        CheckpointError: If the name is unknown or an argument does not fit.
    """
    if arch not in _BUILDERS:
        raise CheckpointError(
            f"The architecture {reprlib.repr(arch)} is unknown; this version has {', '.join(model_names())}."
        )
    try:
        return _BUILDERS[arch](**arch_args)
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"The architecture {arch!r} cannot be built with {reprlib.repr(arch_args)}: {error}."
        ) from error


def model_names() -> list[str]:
    """Return the registered names, sorted."""
    return sorted(_BUILDERS)
