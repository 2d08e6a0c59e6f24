"""Draw captchas with their texts.

    python captcha_generator.py --count 1000 --output data/train.parquet --grid grid.png
    python captcha_generator.py --count 1000 --output data/train.parquet --test 200
    python captcha_generator.py --count 1000 --extend data/train.parquet
    python captcha_generator.py --count 1000 --output data/pictures
    python captcha_generator.py --count 1000 --output data/six.parquet --style pycaptcha --min-length 6 --max-length 6

--output NAME.parquet writes a Parquet file, and replaces one of that name. --output NAME without an ending makes a
folder of pictures, LABEL_NUMBER.png, with a labels.csv (file,label); a folder that is there is refused. Either appears
when it is complete. The same seed and settings give the same bytes, with any number of workers and either engine.

What a run had finished when it was interrupted lies in NAME.parquet.parts, and the same command goes on from there.

--extend adds --count pictures to a Parquet file or to a folder with labels.csv. What is there stays as it is, and no
picture is repeated, told by its pixels. The numbers go on after the highest one in the names, so that the same command
run again adds others. In a column "split" of a Parquet file the new rows are "train". Until all pictures are drawn, the
set is as it was.

--test N also draws N pictures, numbered after those of the set, for a test set beside it: NAME_test.parquet, or the
folder NAME_test. A test set is never replaced: where there is one, --test is refused. A set and the test set beside it
share no picture, whichever of them is written or added to later: pictures of the other one are left out, and further
ones drawn for them.

For this the pictures that are there are read once, and about 100 bytes kept for each.

--style pycaptcha draws with the captcha package (pip install captcha==0.7.1), which decides all but text and size.
--style varied draws every picture in a look of its own, and unless told otherwise in any size and with 3 to 10 letters
and digits. It takes folders for --fonts; tools/training_fonts.py fetches some 600 families.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

# Each worker is one process on one core; numpy's own threads would only get in one another's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from captcha_core.cli import run
from captcha_core.cluster.arguments import add_engine_arguments, engine_of
from captcha_core.cluster.parts import Parts
from captcha_core.errors import CaptchaLabError
from captcha_core.generator import STYLES, Captcha, GeneratorSettings, Style, generate_captcha, save_grid_image
from captcha_core.generator.choice import check_seed, chosen_style, flag
from captcha_core.generator.fonts import located
from captcha_core.generator.grid import check_grid_path
from captcha_core.generator.output import Order, write_captchas
from captcha_core.generator.sets import data_set
from captcha_core.imaging import load_image

GRID_COUNT = 100
DEFAULT_OUTPUT = Path("data/captchas.parquet")
_T = TypeVar("_T")


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; every setting of a style is a flag, and ``None`` where it is not given."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="how many pictures (default 1000)")
    output_help = f"Parquet file or folder to write; without --extend and --grid {DEFAULT_OUTPUT}"
    parser.add_argument("--output", type=Path, metavar="PATH", help=output_help)
    parser.add_argument("--extend", type=Path, metavar="PATH", help="Parquet file or folder to add the pictures to")
    parser.add_argument(
        "--test", type=int, default=0, metavar="N", help="pictures of a test set to write beside the set"
    )
    parser.add_argument("--grid", type=Path, metavar="FILE", help="picture file for the first 100 captchas, 10 x 10")
    parser.add_argument("--seed", type=int, default=0, help="same seed and settings, same bytes (default 0)")
    add_engine_arguments(parser, "draw")
    style_help = (
        "default, with the settings below; pycaptcha, the captcha package's own look; or varied, a new look for every "
        "picture"
    )
    parser.add_argument("--style", choices=list(STYLES), default="default", help=style_help)
    every_style = {item.name for item in fields(Style)}
    common = parser.add_argument_group("text and size")
    strengths = parser.add_argument_group("how they look; for --style default only (varied has --fonts too)")
    for item in fields(GeneratorSettings):
        add_setting(common if item.name in every_style else strengths, item.name, item.default, item.metadata)
    return parser.parse_args(arguments)


def add_setting(group: Any, name: str, default: Any, metadata: Any) -> None:
    """Add the flag of one setting; lists take several words."""
    text = metadata["help"]
    if isinstance(default, tuple):
        text += f" (default {' '.join(default)})" if default else ""
        group.add_argument(flag(name), nargs="+", help=text, metavar="NAME")
        return
    if "range" in metadata:
        low, high = metadata["range"]
        text += f"; {low} to {high}"
    kind = type(default)
    group.add_argument(flag(name), type=kind, help=f"{text} (default {default})", metavar=None if kind is str else "N")


def main(arguments: list[str]) -> int:
    """Draw what the arguments ask for; return the exit code."""
    options = parse_arguments(arguments)
    check(options)
    style = style_of(options)
    if options.output is None and options.extend is None:
        first = [generate_captcha(style, options.seed, i) for i in range(min(GRID_COUNT, options.count))]
    else:
        first = write_data(style, options)
    if options.grid is not None:
        save_grid_image(first, options.grid)
        print(f"{options.grid}: {len(first)} captchas")
    return 0


def check(options: argparse.Namespace) -> None:
    """Refuse what does not go together before anything is drawn, and fill in the default output."""
    if options.count < 1:
        raise CaptchaLabError(f"--count {options.count}: it must be 1 or more.")
    if options.test < 0:
        raise CaptchaLabError(f"--test {options.test}: give the number of pictures, or leave it out.")
    check_seed(options.seed)
    if options.output is not None and options.extend is not None:
        raise CaptchaLabError(
            f"--output {options.output} writes a new set and --extend {options.extend} adds to one; leave out either."
        )
    if options.grid is not None:
        check_grid_path(options.grid)
    elif options.extend is None:
        options.output = options.output or DEFAULT_OUTPUT
    if options.test and options.output is None and options.extend is None:
        raise CaptchaLabError(f"--test {options.test} goes beside a set; name the set with --output or --extend.")


def style_of(options: argparse.Namespace) -> Style:
    """Return the style with the settings that were given; refuse those that it has not."""
    given = {item.name: getattr(options, item.name) for item in fields(GeneratorSettings)}
    if options.fonts is not None:
        # The workers of a cluster need not run in this folder.
        given["fonts"] = located(options.fonts)
    return chosen_style(options.style, {name: value for name, value in given.items() if value is not None})


def write_data(style: Style, options: argparse.Namespace) -> list[Captcha]:
    """Write the set and its test set under progress bars, and return the set's first captchas."""
    target = data_set(options.extend or options.output)
    extend = options.extend is not None
    parts = Parts(engine_of(options), target.path)
    order = Order(style, target, options.count, options.seed, parts, extend, options.test)
    first: list[Captcha] = []
    with closing(write_captchas(order, watch=reading)) as drawing:
        # The bar starts with the first picture: what has to be read before has one of its own.
        pictures = chain([next(drawing)], drawing)
        for drawn in bar(pictures, "drawing", options.count + options.test):
            if options.grid is not None and len(first) < min(GRID_COUNT, options.count):
                first.append(Captcha(load_image(drawn.image), drawn.text))
    parts.remove()
    print(f"{target.path}: {options.count} captchas{' added' if extend else ''}")
    if options.test:
        print(f"{target.test_set().path}: {options.test} captchas")
    return first


def reading(rows: Iterable[_T]) -> Iterable[_T]:
    """Show how many pictures of a set were read."""
    return bar(rows, "reading")


def bar(items: Iterable[_T], what: str, total: int | None = None) -> Iterable[_T]:
    """Show a progress bar."""
    from tqdm import tqdm

    shown: Iterable[_T] = tqdm(items, total=total, unit="captcha", desc=what)
    return shown


if __name__ == "__main__":
    run(main)
