"""Captchas of every look: each picture draws its own fonts, colours, background, clutter, warps and faults.

Domain randomisation (Tobin et al. 2017, arXiv:1703.06907): when the looks that a reader learns from vary enough, one
that it has never seen is just another of them.
"""

from captcha_core.generator.varied.settings import VariedSettings

__all__ = ["VariedSettings"]
