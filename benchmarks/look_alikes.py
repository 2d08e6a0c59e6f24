"""Whether drawn look-alikes help an adaptation: the same pictures learned with them and without.

    python benchmarks/look_alikes.py --data ../shared/data --sizes 25 --draws 2

For each unseen style pictures are drawn at random to learn from, as benchmarks/few_shot.py does; the others are read by
the model that learned from them alone, and by the one that also learned from look-alikes. Writes
benchmarks/results/look_alikes.json, one entry per style, size and draw; those that are there are not measured again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402 - the packages lie beside this folder

from benchmarks.few_shot import QuietBar, put_aside, samples_of, scores, styles_in  # noqa: E402
from captcha_core.adaptation import AdaptOptions, adapt_model  # noqa: E402
from captcha_core.adaptation.plan import Plan, plan_for  # noqa: E402
from captcha_core.checkpoint import fingerprint  # noqa: E402
from captcha_core.cli import run  # noqa: E402
from captcha_core.data.schema import Sample  # noqa: E402
from captcha_core.files import atomic_path  # noqa: E402
from captcha_core.recognizer import Recognizer  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "look_alikes.json"


def main(arguments: list[str]) -> int:
    """Measure what is not measured yet, and print the means; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled pictures")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "saved_models" / "ppocr.safetensors", metavar="FILE")
    parser.add_argument("--styles", nargs="+", metavar="STYLE", help="only these of the unseen styles")
    parser.add_argument("--sizes", nargs="+", type=int, default=[25], metavar="N", help="pictures to learn from")
    parser.add_argument("--draws", type=int, default=2, metavar="N", help="random choices of pictures per size")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the arithmetic")
    options = parser.parse_args(arguments)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    styles = styles_in(options.data, options.styles)
    cases = [(style, size, draw) for draw in range(options.draws) for size in options.sizes for style in styles]
    for style, size, draw in cases:
        about = {"style": style.name, "size": size, "draw": draw}
        if not any(about.items() <= entry.items() for entry in read_entries(options.checkpoint)):
            entry = about | measure(samples_of(options.data, style), size, draw, options.checkpoint)
            print(json.dumps(entry), flush=True)
            # Read again, since another process may measure other styles.
            write_entries(options.checkpoint, [*read_entries(options.checkpoint), entry])
    entries = read_entries(options.checkpoint)
    means = {name: fmean(entry[name]["folded"] for entry in entries) for name in ("before", "without", "with")}
    print(", ".join(f"{name} {mean:.2%}" for name, mean in means.items()))
    return 0


def measure(samples: list[Sample], size: int, draw: int, checkpoint: Path) -> dict[str, Any]:
    """Adapt to some pictures with look-alikes and without, and read the others; return the figures.

    Raises:
        CaptchaLabError: If too few pictures are left to read.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        others = put_aside(samples, size, draw, folder / "learned.parquet")
        found = {}
        for how, plans in (("with", with_look_alikes), ("without", plan_for)):
            reader = Recognizer(adapted(checkpoint, folder / "learned.parquet", folder / how, plans))
            found[how] = scores(reader, others, None)
        return {"before": scores(Recognizer(checkpoint), others, reader.expected)} | found


def adapted(checkpoint: Path, data: Path, output: Path, plans: Callable[[int], Plan]) -> Path:
    """Adapt by a plan of one's own."""
    with patch("captcha_core.adaptation.adapt.plan_for", plans):
        return adapt_model(AdaptOptions(str(checkpoint), (str(data),), str(output)), QuietBar)


def with_look_alikes(pictures: int) -> Plan:
    """Return the plan for so many pictures, with as many look-alikes in a step as pictures that were read before."""
    plan = plan_for(pictures)
    return replace(plan, alike=plan.old)


def read_entries(checkpoint: Path) -> list[dict[str, Any]]:
    """Return what was measured of this model before."""
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    return list(found["entries"]) if found.get("checkpoint") == fingerprint(checkpoint) else []


def write_entries(checkpoint: Path, entries: list[dict[str, Any]]) -> None:
    """Write the figures, atomically."""
    with atomic_path(RESULT) as temporary:
        found = {"checkpoint": fingerprint(checkpoint), "entries": entries}
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
