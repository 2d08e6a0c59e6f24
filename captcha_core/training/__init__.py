"""Training recognisers."""

from captcha_core.training.options import TrainOptions
from captcha_core.training.run import train_model

__all__ = ["TrainOptions", "train_model"]
