"""Teaching a trained model a new captcha with few labelled pictures."""

from captcha_core.adaptation.adapt import adapt_model
from captcha_core.adaptation.options import AdaptOptions

__all__ = ["AdaptOptions", "adapt_model"]
