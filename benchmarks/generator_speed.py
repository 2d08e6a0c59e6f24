"""How fast the generator draws, beside the ``captcha`` package, on one core.

    python benchmarks/generator_speed.py

Both draw 160x60 pictures of 5 characters (digits and lower case) in turns in one process with one thread: the same
number of pictures each, several rounds, and the median round counts. "drawing" is up to the finished picture in memory;
"with PNG" adds the encoding, the same for both. Also prints where the generator's time goes.
Writes benchmarks/results/generator_speed.json.
"""

from __future__ import annotations

import os

# One core each: without this, numpy would use all of them and the captcha package, which is pure Pillow, could not.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import cProfile
import json
import pstats
import random
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from captcha_core.alphabet import Alphabet  # noqa: E402 - the package lies beside this folder
from captcha_core.generator import GeneratorSettings, generate_random_string  # noqa: E402
from captcha_core.generator.generate import CHUNK, encode_png, generate_chunk  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "generator_speed.json"
SETTINGS = GeneratorSettings(min_length=5, max_length=5, width=160, height=60)
STAGES = ("draw_background", "draw_text", "draw_spots", "draw_lines", "elastic_transform")


def ours(count: int) -> list[Image.Image]:
    """Draw with this project's generator at default strength."""
    chunks = (generate_chunk(SETTINGS, 0, start, CHUNK) for start in range(0, count, CHUNK))
    return [captcha.image for chunk in chunks for captcha in chunk][:count]


def package(count: int) -> list[Image.Image]:
    """Draw with the ``captcha`` package at its defaults."""
    from captcha.image import ImageCaptcha

    painter, rng = ImageCaptcha(width=160, height=60), random.Random(0)
    symbols = Alphabet.named("lower36")
    return [painter.generate_image(generate_random_string(symbols, 5, 5, rng)) for _ in range(count)]


def pictures_per_second(draw: Callable[[int], list[Image.Image]], count: int, png: bool) -> float:
    """Return the rate of one round."""
    started = time.perf_counter()
    for image in draw(count):
        if png:
            encode_png(image)
    return count / (time.perf_counter() - started)


def compare(count: int, rounds: int, png: bool) -> dict[str, float]:
    """Time both in turns and return the median rates and their ratio."""
    rates: dict[str, list[float]] = {"ours": [], "captcha": []}
    for _ in range(rounds):
        rates["ours"].append(pictures_per_second(ours, count, png))
        rates["captcha"].append(pictures_per_second(package, count, png))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    return {
        "ours_per_second": round(medians["ours"], 1),
        "captcha_per_second": round(medians["captcha"], 1),
        "ratio": round(medians["ours"] / medians["captcha"], 2),
    }


def shares(count: int) -> dict[str, float]:
    """Return each stage's share of the drawing time."""
    profile = cProfile.Profile()
    profile.runcall(ours, count)
    table = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = max(entry[3] for entry in table.values())
    cumulative = {name: entry[3] for (_, _, name), entry in table.items() if name in STAGES}
    return {name: round(cumulative[name] / total, 3) for name in STAGES}


def main() -> None:
    """Run the comparison, print it and write it down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="pictures per round (default 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each (default 5)")
    options = parser.parse_args()
    ours(CHUNK), package(CHUNK)  # fonts are opened and caches filled before the clock runs
    result: dict[str, Any] = {
        "drawing": compare(options.count, options.rounds, png=False),
        "with_png": compare(options.count, options.rounds, png=True),
        "share_of_drawing_time": shares(options.count),
        "captcha_version": version("captcha"),
        "pillow_version": version("pillow"),
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
