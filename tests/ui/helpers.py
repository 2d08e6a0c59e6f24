"""A recogniser simple enough to know what it must answer."""

from __future__ import annotations

import socket
from types import SimpleNamespace

from PIL import Image

from captcha_core.prediction import Prediction

GREYS = (0, 85, 170, 255)
LETTERS = "ABCD"


class GreyReader:
    """Reads a picture of four grey blocks: black is A, white is D. Any change of the pixels on the way shows."""

    model_id = "grey@0123456789ab"
    meta = SimpleNamespace(alphabet=LETTERS, max_length=4)

    def read(self, image: Image.Image) -> Prediction:
        assert image.mode == "RGB", "the page must hand over clean RGB"
        assert image.width > image.height, "the picture was not turned upright"
        greys = image.convert("L").resize((4, 1), Image.Resampling.BOX)
        text = "".join(min(zip(GREYS, LETTERS, strict=True), key=lambda g: abs(g[0] - v))[1] for v in greys.tobytes())
        return Prediction(text, 0.5, (0.99, 0.9, 0.7, 0.4), ((("D", 0.01),),) * 4, 12.3, self.model_id)

    def model_view(self, image: Image.Image) -> Image.Image:
        return image.resize((32, 32))


def grey_picture(text: str = "ADBC") -> Image.Image:
    """Return an RGB picture, 64 x 16 pixels, that GreyReader reads as the text."""
    picture = Image.new("RGB", (64, 16))
    for i, letter in enumerate(text):
        grey = GREYS[LETTERS.index(letter)]
        picture.paste((grey, grey, grey), (16 * i, 0, 16 * i + 16, 16))
    return picture


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
