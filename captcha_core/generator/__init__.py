"""Drawing synthetic captchas."""

from captcha_core.generator.distortion import elastic_transform
from captcha_core.generator.drawing import draw_lines, draw_spots, draw_text
from captcha_core.generator.generate import (
    Captcha,
    generate_captcha,
    generate_captcha_data,
    generate_captchas,
    save_grid_image,
)
from captcha_core.generator.styles import GeneratorSettings
from captcha_core.generator.text import generate_random_string

__all__ = [
    "Captcha",
    "GeneratorSettings",
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
