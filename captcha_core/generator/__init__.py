"""Drawing synthetic captchas."""

from captcha_core.generator.base import Captcha, Style
from captcha_core.generator.choice import STYLES
from captcha_core.generator.distortion import elastic_transform
from captcha_core.generator.drawing import draw_lines, draw_spots, draw_text
from captcha_core.generator.generate import generate_captcha, generate_captchas
from captcha_core.generator.grid import save_grid_image
from captcha_core.generator.output import generate_captcha_data
from captcha_core.generator.pycaptcha import PycaptchaSettings
from captcha_core.generator.styles import GeneratorSettings
from captcha_core.generator.text import generate_random_string
from captcha_core.generator.varied import VariedSettings

__all__ = [
    "STYLES",
    "Captcha",
    "GeneratorSettings",
    "PycaptchaSettings",
    "Style",
    "VariedSettings",
    "draw_lines",
    "draw_spots",
    "draw_text",
    "elastic_transform",
    "generate_captcha",
    "generate_captcha_data",
    "generate_captchas",
    "generate_random_string",
    "save_grid_image",
]
