"""Given pictures as something to sweep: distortions that are laid over them."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from captcha_core.data.schema import Sample
from captcha_core.errors import DataError, ImageError
from captcha_core.evaluation.sweep_distortions import Distortion
from captcha_core.generator.base import Captcha
from captcha_core.generator.distortion import elastic_transform
from captcha_core.imaging import load_image

Color = tuple[int, int, int]

LARGEST_SIDE = 1024
"""Given pictures are shrunk to this height and width, in pixels, before anything is laid over them."""

# A picture of this height has lines and spots as the generator's default style draws them.
_USUAL_HEIGHT = 60

OVERLAYS = (
    Distortion("lines", "Lines", "lines", "{} lines", 40, bend=2, whole=True, in_place=True),
    Distortion("spots", "Spots", "area drawn", "spots on {} of the area", 0.8, "{:.0%}", bend=2, in_place=True),
    Distortion(
        "elastic", "Elastic distortion", "typical shift by height", "typical shifts of {} of the height", 0.15, "{:.0%}"
    ),
    Distortion(
        "blur", "Blur", "deviation by height", "a blur of {} of the height", 0.1, "{:.1%}", bend=1.5, in_place=True
    ),
    Distortion("noise", "Noise", "deviation, of 255", "a deviation of {} of 255", 200, bend=1.5, in_place=True),
    Distortion(
        "jpeg", "JPEG", "100 less the quality", "100 less {} of quality", 99, bend=0.4, whole=True, in_place=True
    ),
    Distortion(
        "resolution",
        "Low resolution",
        "taken from each side",
        "{} less per side",
        0.94,
        "{:.0%}",
        bend=0.3,
        in_place=True,
    ),
    Distortion("contrast", "Less contrast", "taken away", "{} less contrast", 0.97, "{:.0%}", bend=0.4, in_place=True),
)
"""From none to extreme."""


@dataclass(frozen=True)
class GivenPictures:
    """Labelled pictures.

    Attributes:
        samples: The pictures, encoded; each can be opened.
        seed: Where the distortions' random choices come from.
        title: What they are called.
        notes: What should be told of them, in sentences.
    """

    samples: tuple[Sample, ...]
    seed: int
    title: str
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Pictures that there are."""
        return len(self.samples)

    @property
    def distortions(self) -> tuple[Distortion, ...]:
        """What can be laid over them."""
        return OVERLAYS

    def key(self, distortion: Distortion | None, strength: float) -> Hashable:
        """Return the distortion and its strength; none is none whatever is left out."""
        return (distortion.name, strength) if distortion is not None and strength else None

    def draw(self, distortion: Distortion | None, strength: float, numbers: Sequence[int]) -> list[Captcha]:
        """Return pictures by number with one distortion laid over."""
        return [self._one(distortion, strength, number) for number in numbers]

    def _one(self, distortion: Distortion | None, strength: float, number: int) -> Captcha:
        sample = self.samples[number]
        image = _opened(sample.image)
        if distortion is not None and strength:
            rng = random.Random(f"sweep/{self.seed}/{number}/{distortion.name}")
            image = _LAYERS[distortion.name](image, strength, rng)
        return Captcha(image, sample.label)


def choose_pictures(samples: Iterable[Sample], count: int, seed: int, title: str) -> GivenPictures:
    """Choose pictures at random, each with the same chance, holding no more than ``count`` of them.

    Args:
        samples: Labelled pictures; all are looked at.
        count: Most pictures.
        seed: Of the choice and of the distortions.
        title: What they are called.

    Raises:
        DataError: If there are none, or none of those chosen can be opened.
    """
    # Vitter's algorithm R (1985).
    rng = random.Random(f"sweep/{seed}/choice")
    chosen: list[Sample] = []
    for number, sample in enumerate(samples):
        if number < count:
            chosen.append(sample)
        elif (place := rng.randrange(number + 1)) < count:
            chosen[place] = sample
    good, reason = [], "there are none"
    for sample in chosen:
        try:
            load_image(sample.image, sample.path)
        except ImageError as error:
            reason = str(error)
            continue
        good.append(sample)
    if not good:
        raise DataError(f"{title} holds no picture that can be opened: {reason}")
    left_out = len(chosen) - len(good)
    notes = (f"{left_out} of the pictures that were chosen could not be opened and are left out.",) if left_out else ()
    return GivenPictures(tuple(good), seed, title, notes)


def fade(image: Image.Image, removed: float, background: Color) -> Image.Image:
    """Return a picture whose colours lie nearer to the background's by a share of their distance from it."""
    if not removed:
        return image
    return Image.blend(Image.new("RGB", image.size, background), image, 1.0 - removed)


@lru_cache(maxsize=16)
def _opened(data: bytes) -> Image.Image:
    """Return a picture, small enough; nobody may change it, since the next strength begins with it too."""
    image = load_image(data)
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return image


def _background(image: Image.Image) -> Color:
    """Return the median of each channel, which in a picture of text is what lies behind it."""
    red, green, blue = np.median(np.asarray(image).reshape(-1, 3), axis=0)
    return int(red), int(green), int(blue)


def _inks(image: Image.Image, rng: random.Random, count: int) -> list[Color]:
    """Return colours of the picture: of 64 pixels drawn at random, those that differ most from the background."""
    pixels = np.asarray(image).reshape(-1, 3)
    drawn = pixels[[rng.randrange(len(pixels)) for _ in range(64)]]
    distance = np.abs(drawn.astype(int) - np.array(_background(image))).sum(axis=1)
    strongest = drawn[np.argsort(-distance, kind="stable")[:8]]
    return [tuple(int(v) for v in strongest[rng.randrange(len(strongest))]) for _ in range(count)]  # type: ignore[misc]


def _lines(image: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    """Draw lines from the left half to the right half, 1 or 2 pixels wide at 60 pixels of height."""
    image, half = image.copy(), image.width / 2
    inks = _inks(image, rng, 64)
    pen = ImageDraw.Draw(image)
    for number in range(int(strength)):
        start = (rng.random() * half, rng.random() * image.height)
        end = (half + rng.random() * half, rng.random() * image.height)
        width = max(1, round((1 + int(rng.random() * 2)) * image.height / _USUAL_HEIGHT))
        pen.line((start, end), fill=inks[number % len(inks)], width=width)
    return image


def _spots(image: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    """Draw round spots of 2 pixels at 60 pixels of height; some fall on others, so less than the area is covered."""
    image = image.copy()
    size = max(1, round(2 * image.height / _USUAL_HEIGHT))
    inks = _inks(image, rng, 64)
    pen = ImageDraw.Draw(image)
    for number in range(round(strength * image.width * image.height / size**2)):
        x, y = int(rng.random() * image.width), int(rng.random() * image.height)
        # A rectangle where a circle has no room: Pillow draws nothing at all for an ellipse of one pixel.
        draw = pen.ellipse if size > 1 else pen.rectangle
        draw((x, y, x + size - 1, y + size - 1), fill=inks[number % len(inks)])
    return image


def _elastic(image: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    """Distort by Simard's field with a smoothness of a tenth of the height."""
    sigma = max(1.0, image.height / 10)
    # White noise of variance 1/3, smoothed, has the deviation 1 / (sqrt(3) * 2 * sqrt(pi) * sigma).
    alpha = strength * image.height * math.sqrt(3) * 2 * math.sqrt(math.pi) * sigma
    generator = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
    surrounded = np.asarray(_surrounded(image))[None]
    return _inside(Image.fromarray(elastic_transform(surrounded, alpha, sigma, [generator])[0]))


def _blur(image: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    return _inside(_surrounded(image).filter(ImageFilter.GaussianBlur(strength * image.height)))


def _surrounded(image: Image.Image) -> Image.Image:
    """Return a picture with one pixel of its background around it.

    What is drawn in from outside repeats the border. Were that the frame which many captchas have, it would lie over
    the text in patches, or as a shade along the sides, as no captcha has it.
    """
    return ImageOps.expand(image, 1, _background(image))


def _inside(image: Image.Image) -> Image.Image:
    return ImageOps.crop(image, 1)


def _noise(image: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    """Add a sensor's noise, for each channel its own."""
    generator = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
    pixels = np.asarray(image)
    noisy = pixels + generator.standard_normal(pixels.shape, np.float32) * np.float32(strength)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def _jpeg(image: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=round(100 - strength))
    return Image.open(buffer).convert("RGB")


def _resolution(image: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    """Shrink the picture and enlarge it again."""
    small = (max(1, round(image.width * (1 - strength))), max(1, round(image.height * (1 - strength))))
    return image.resize(small, Image.Resampling.BOX).resize(image.size, Image.Resampling.BILINEAR)


def _contrast(image: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    return fade(image, strength, _background(image))


_LAYERS: dict[str, Callable[[Image.Image, float, random.Random], Image.Image]] = {
    "lines": _lines,
    "spots": _spots,
    "elastic": _elastic,
    "blur": _blur,
    "noise": _noise,
    "jpeg": _jpeg,
    "resolution": _resolution,
    "contrast": _contrast,
}
