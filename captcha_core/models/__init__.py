"""Architectures. Nothing here knows files, training or the page."""

from captcha_core.models.efficientnet import CNNModel, set_requires_grad
from captcha_core.models.registry import build_model, model_names, register_model

__all__ = ["CNNModel", "build_model", "model_names", "register_model", "set_requires_grad"]
