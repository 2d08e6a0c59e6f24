"""Draw captchas.

python captcha_generator.py --count 1000 --output data/train.parquet --grid grid.png
"""

from __future__ import annotations

import argparse
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

# Each worker is one process on one core; numpy's own threads would only get in one another's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from captcha_core.cli import run
from captcha_core.errors import CaptchaLabError
from captcha_core.generator import GeneratorSettings, generate_captcha, generate_captcha_data, save_grid_image

GRID_COUNT = 100
DEFAULT_OUTPUT = Path("data/captchas.parquet")


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; every generator setting is a flag of its own."""
    parser = argparse.ArgumentParser(
        description="Draw synthetic captchas with their texts.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="how many pictures")
    output_help = f"Parquet file to write; {DEFAULT_OUTPUT} when --grid is not given either"
    parser.add_argument("--output", type=Path, help=output_help)
    parser.add_argument("--grid", type=Path, help="picture file to write the first 100 captchas to, 10 x 10")
    parser.add_argument("--seed", type=int, default=0, help="same seed and settings, same bytes")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw")
    strengths = parser.add_argument_group("how they look")
    for item in fields(GeneratorSettings):
        add_setting(strengths, item.name, item.default, item.metadata)
    return parser.parse_args(arguments)


def add_setting(group: Any, name: str, default: Any, metadata: Any) -> None:
    """Add the flag of one setting; lists take several words."""
    flag, text = "--" + name.replace("_", "-"), metadata["help"]
    if isinstance(default, tuple):
        group.add_argument(flag, nargs="+", default=list(default), help=text, metavar="NAME")
        return
    if "range" in metadata:
        low, high = metadata["range"]
        text = f"{text}; {low} to {high}"
    group.add_argument(flag, type=type(default), default=default, help=text)


def main(arguments: list[str]) -> int:
    """Draw what the arguments ask for; return the exit code."""
    options = parse_arguments(arguments)
    if options.count < 1 or options.workers < 1:
        raise CaptchaLabError(f"--count {options.count} --workers {options.workers}: both must be 1 or more.")
    if not 0 <= options.seed < 2**32:
        raise CaptchaLabError(f"--seed {options.seed}: give a number from 0 to 4294967295.")
    if options.output is None and options.grid is None:
        options.output = DEFAULT_OUTPUT
    values: dict[str, Any] = {item.name: getattr(options, item.name) for item in fields(GeneratorSettings)}
    values.update((name, tuple(value)) for name, value in values.items() if isinstance(value, list))
    settings = GeneratorSettings(**values)
    if options.grid is not None:
        first = [generate_captcha(settings, options.seed, i) for i in range(min(GRID_COUNT, options.count))]
        save_grid_image(first, options.grid)
        print(f"{options.grid}: {len(first)} captchas")
    if options.output is not None:
        write_data(settings, options)
    return 0


def write_data(settings: GeneratorSettings, options: argparse.Namespace) -> None:
    """Write the Parquet file under a progress bar."""
    from tqdm import tqdm

    texts = generate_captcha_data(settings, options.count, options.output, options.seed, options.workers)
    for _ in tqdm(texts, total=options.count, unit="captcha", desc="drawing"):
        pass
    print(f"{options.output}: {options.count} captchas")


if __name__ == "__main__":
    run(main)
