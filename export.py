"""Write a trained checkpoint as one ONNX file, which predict.py reads without torch.

    python export.py model.safetensors
    python export.py model.safetensors --int8 --calibrate data.parquet

The file says all about itself that the checkpoint does, and is compared with torch before it gets its name. With --int8
its layers compute in 8-bit whole numbers: a smaller file, often a faster one, which reads nearly the same.
--calibrate names pictures like those that will be read; 300 of them are used, drawn evenly.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from captcha_core.cli import run
from captcha_core.errors import CaptchaLabError
from captcha_core.onnx_backend import SUFFIX
from captcha_core.prediction import percent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from captcha_core.data.schema import Sample

INSTALL = "pip install onnx==1.23.2 onnxruntime==1.31.1 onnxscript==0.7.2"
CALIBRATION = 300


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    description, _, epilog = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="export.py", description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="the safetensors file of a trained model")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: beside CHECKPOINT, .onnx or .int8.onnx")
    parser.add_argument("--int8", action="store_true", help="compute in 8-bit whole numbers; needs --calibrate")
    parser.add_argument("--calibrate", type=Path, metavar="DATA", help="labelled pictures: Parquet, folder, CSV or TSV")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Export what the arguments name; return the exit code."""
    options = parse_arguments(arguments)
    output = options.output or options.checkpoint.with_suffix(".int8" + SUFFIX if options.int8 else SUFFIX)
    check_options(options, output)
    # Torch takes seconds to import; --help and a mistyped output need not wait for it.
    from captcha_core.data.load import load_data
    from captcha_core.export import export_int8, export_onnx

    if options.int8:
        pictures = drawn_evenly(load_data([options.calibrate], split="all"), CALIBRATION)
        share = export_int8(options.checkpoint, output, pictures)
        checked = f"{percent(share, 1)} of {len(pictures)} pictures read as with torch"
    else:
        difference = export_onnx(options.checkpoint, output)
        checked = f"logits within {difference:.1e} of torch's"
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB, {checked}")
    return 0


def check_options(options: argparse.Namespace, output: Path) -> None:
    """Refuse options that cannot be meant, and a Python without what exporting needs.

    Raises:
        CaptchaLabError: If it is one of these.
    """
    if options.int8 != (options.calibrate is not None):
        raise CaptchaLabError("--int8 and --calibrate DATA go together: the pictures show how large the numbers get.")
    if output.suffix.lower() != SUFFIX:
        raise CaptchaLabError(f"--output {output} is ONNX; give it a name that ends in {SUFFIX}.")
    missing = [name for name in ("onnx", "onnxruntime", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise CaptchaLabError(f"Exporting needs {', '.join(missing)}. Install: {INSTALL}")


def drawn_evenly(samples: Iterable[Sample], count: int) -> list[bytes]:
    """Return as many encoded pictures, each with the same chance, of a stream that is not held in memory.

    Vitter (1985), "Random sampling with a reservoir", algorithm R.
    """
    rng = np.random.default_rng(0)
    drawn: list[bytes] = []
    for number, sample in enumerate(samples):
        if number < count:
            drawn.append(sample.image)
        elif (place := int(rng.integers(number + 1))) < count:
            drawn[place] = sample.image
    return drawn


if __name__ == "__main__":
    run(main)
