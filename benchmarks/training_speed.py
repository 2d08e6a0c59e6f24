"""How fast the ``efficientnet`` recipe trains, and where the time of a step goes.

    python benchmarks/training_speed.py --threads 2

Times whole steps (forward, backward, AdamW) of random pictures for the backbone as the package ships it and as
:func:`captcha_core.models.efficientnet.build_backbone` tunes it, in float32 and bf16, plain and compiled, all in one
run. Writes benchmarks/results/training_speed.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from efficientnet_pytorch import EfficientNet
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from captcha_core.augment import augment_batch  # noqa: E402 - the package lies beside this folder
from captcha_core.models import CNNModel  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "training_speed.json"
BATCH = 32
# What the recipe makes of a 160x60 or 200x50 picture, (height, width).
SIZE = (64, 160)


class Steps:
    """Training steps of one variant."""

    def __init__(self, size: tuple[int, int], tuned: bool, bfloat16: bool, compiled: bool) -> None:
        """Build the network; ``tuned`` is channels_last with folded padding and PyTorch's SiLU."""
        torch.manual_seed(0)
        self.model: nn.Module = CNNModel()
        if not tuned:
            self.model.backbone = EfficientNet.from_name("efficientnet-b0", drop_connect_rate=0.0)
        layout = torch.channels_last if tuned else torch.contiguous_format
        self.model.to(memory_format=layout).train()
        self.inputs = torch.randn(BATCH, 3, *size).contiguous(memory_format=layout)
        self.targets = torch.randint(0, 37, (BATCH, 9))
        self.forward: Any = torch.compile(self.model) if compiled else self.model
        self.optimizer = torch.optim.AdamW(self.model.parameters(), 1e-3, fused=True)
        self.autocast = torch.autocast("cpu", torch.bfloat16, enabled=bfloat16)

    def __call__(self) -> dict[str, float]:
        """Take one step; return the seconds of its parts."""
        times = [time.perf_counter()]
        with self.autocast:
            logits = self.forward(self.inputs)
        loss = F.cross_entropy(logits.float().flatten(0, 1), self.targets.flatten())
        times.append(time.perf_counter())
        loss.backward()
        times.append(time.perf_counter())
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        times.append(time.perf_counter())
        parts = [b - a for a, b in zip(times[:-1], times[1:], strict=True)]
        return dict(zip(("forward", "backward", "optimizer"), parts, strict=True))


def measure(steps: Steps, count: int) -> dict[str, Any]:
    """Return pictures per second and each part's share, by the medians of ``count`` steps after two more."""
    runs = [steps() for _ in range(count + 2)][2:]
    medians = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
    total = sum(medians.values())
    return {
        "pictures_per_second": round(BATCH / total, 1),
        "share": {part: round(value / total, 3) for part, value in medians.items()},
    }


def augmentation_rate(size: tuple[int, int]) -> float:
    """Return how many pictures a second augmentation alone takes."""
    pixels = torch.randint(0, 256, (BATCH, 3, *size), dtype=torch.uint8)
    generator = torch.Generator().manual_seed(0)
    augment_batch(pixels, generator)
    started = time.perf_counter()
    for _ in range(10):
        augment_batch(pixels, generator)
    return round(10 * BATCH / (time.perf_counter() - started), 1)


def main() -> None:
    """Measure all variants, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--threads", type=int, default=2, help="threads (default 2)")
    parser.add_argument("--steps", type=int, default=6, help="steps per variant (default 6)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    variants = {
        "as the package ships it": (False, False, False),
        "tuned (`build_backbone`)": (True, False, False),
        "tuned, bf16": (True, True, False),
        "tuned, torch.compile": (True, False, True),
    }
    result: dict[str, Any] = {
        "threads": options.threads,
        "height": SIZE[0],
        "width": SIZE[1],
        "batch": BATCH,
        "variants": {},
    }
    for name, variant in variants.items():
        result["variants"][name] = measure(Steps(SIZE, *variant), options.steps)
        print(name, result["variants"][name], flush=True)
    result["augmentation_pictures_per_second"] = augmentation_rate(SIZE)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
