"""How long ``predict.py`` takes from the shell to the answer for one picture.

    python benchmarks/cold_start.py PICTURE

Runs the command several times in a fresh process each and takes the median; the first run, which may read libraries
from the disk, is given apart. Writes benchmarks/results/cold_start.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "cold_start.json"
LIMIT_SECONDS = 6.0


def seconds(arguments: list[str]) -> float:
    """Return how long a command took that must succeed."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure, print and write the figures; leave with 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("picture", type=Path, help="a picture to read")
    parser.add_argument("--runs", type=int, default=5, help="runs after the first (default 5)")
    options = parser.parse_args()
    predict = ["predict.py", str(options.picture.resolve())]
    runs = [seconds(predict) for _ in range(options.runs + 1)]
    imports = [
        seconds(["-c", "import captcha_core.recognizer, captcha_core.torch_backend"]) for _ in range(options.runs)
    ]
    result = {
        "first_seconds": round(runs[0], 2),
        "median_seconds": round(statistics.median(runs[1:]), 2),
        "import_recognizer_median_seconds": round(statistics.median(imports), 2),
        "runs": options.runs,
        "cores": os.cpu_count(),
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    if max(runs) >= LIMIT_SECONDS:
        sys.exit(f"the slowest start took {max(runs):.2f} s, not under {LIMIT_SECONDS} s")


if __name__ == "__main__":
    main()
