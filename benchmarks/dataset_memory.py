"""How much memory make_dataset.py takes for gigabytes of Parquet parts.

    python benchmarks/dataset_memory.py --gigabytes 2

Makes parts of noise pictures (120x40, grey, PNG, about 5 KB each, which no compression makes smaller), half of them
in row groups of 1,000 and half in one single row group as pandas writes them, every twentieth picture a duplicate.
Runs make_dataset.py with --split over them in a process of its own and writes that process's largest resident set
(VmHWM of /proc, so Linux only) to benchmarks/results/dataset_memory.json. Needs twice the gigabytes of disk.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "dataset_memory.json"
LIMIT_MB = 500
PART_BYTES = 128 << 20

# getrusage would count the memory of this process too, which its children start as a copy of.
CHILD = """
import sys
from make_dataset import main
main(sys.argv[1:])
print(open("/proc/self/status").read())
"""


def main() -> None:
    """Make the parts, run make_dataset.py over them, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=2.0, help="size of the parts together (default 2)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parts = make_parts(Path(folder) / "parts", int(args.gigabytes * 1e9))
        result = measure(parts, Path(folder) / "all.parquet")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    if result["peak_rss_mb"] >= LIMIT_MB:
        sys.exit(f"peak RSS {result['peak_rss_mb']} MB is not under {LIMIT_MB} MB")


def make_parts(folder: Path, total_bytes: int) -> list[Path]:
    """Write Parquet parts of together about that many bytes."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    parts: list[Path] = []
    sizes = [PART_BYTES] * (total_bytes // PART_BYTES) + [total_bytes % PART_BYTES]
    for number, size in enumerate(tqdm(sizes, unit="part", desc="making parts", disable=None)):
        pictures = noise_pictures(rng, size)
        labels = [f"{0 if i % 20 == 19 else i:05d}" for i in range(len(pictures))]
        images = [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(pictures)]
        parts.append(folder / f"part-{number:03d}.parquet")
        rows_per_group = 1000 if number % 2 else len(images)
        pq.write_table(pa.table({"image": images, "label": labels}), parts[-1], row_group_size=rows_per_group)
    return parts


def noise_pictures(rng: np.random.Generator, total_bytes: int) -> list[bytes]:
    """Return PNG files of noise of together about that many bytes; every twentieth is the first again."""
    pictures: list[bytes] = []
    size = 0
    while size < total_bytes or not pictures:
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (40, 120), dtype=np.uint8)).save(buffer, "PNG", compress_level=0)
        pictures.append(pictures[0] if len(pictures) % 20 == 19 else buffer.getvalue())
        size += len(pictures[-1])
    return pictures


def measure(parts: list[Path], output: Path) -> dict[str, Any]:
    """Run make_dataset.py over the parts; sizes in bytes, memory in MB of a million bytes, time in seconds."""
    start = time.perf_counter()
    command = [sys.executable, "-c", CHILD, *map(str, parts), "--split", "0.9", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - start
    high_water_kib = next(int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("VmHWM"))
    return {
        "peak_rss_mb": round(high_water_kib * 1024 / 1e6, 1),
        "limit_mb": LIMIT_MB,
        "input_bytes": sum(part.stat().st_size for part in parts),
        "input_rows": sum(pq.read_metadata(part).num_rows for part in parts),
        "output_bytes": output.stat().st_size,
        "output_rows": pq.read_metadata(output).num_rows,
        "seconds": round(seconds, 1),
        "python": platform.python_version(),
        "pyarrow": pa.__version__,
        "pillow": PIL.__version__,
    }


if __name__ == "__main__":
    main()
