"""How fast the recipes train, and where the time of a step goes.

    python benchmarks/training_speed.py --threads 2

Times whole steps (forward, backward, optimizer) of random pictures, all in one run: for the backbone of
``efficientnet`` as its package ships it and as :func:`captcha_core.models.efficientnet.build_backbone` tunes it, in
float32 and bf16, plain and compiled, and with glibc's memory settings left alone; then for every recipe in float32 and
bf16, beside the time that opening and augmenting its pictures takes. Writes benchmarks/results/training_speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from captcha_core.memory import restart_with_large_pages  # noqa: E402 - the package lies beside this folder

if __name__ == "__main__":
    restart_with_large_pages()

import torch  # noqa: E402
from efficientnet_pytorch import EfficientNet  # noqa: E402

from captcha_core.alphabet import Alphabet  # noqa: E402
from captcha_core.augment import augment_batch  # noqa: E402
from captcha_core.generator import GeneratorSettings, generate_captcha  # noqa: E402
from captcha_core.models import build_model  # noqa: E402
from captcha_core.recipes import RECIPES, Recipe  # noqa: E402
from captcha_core.training.targets import encode_labels, sequence_loss  # noqa: E402
from captcha_core.transforms import build_transform  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "training_speed.json"
BATCH = 32
PLAIN_MEMORY = "tuned, glibc's own memory settings"


class Steps:
    """Training steps of one network on random pictures."""

    def __init__(self, recipe: Recipe, bfloat16: bool = False, tuned: bool = True, compiled: bool = False) -> None:
        """Build the network; without ``tuned`` the backbone is the package's, and the memory is not channels_last."""
        torch.manual_seed(0)
        alphabet = Alphabet.named(recipe.alphabet)
        self.model = build_model(recipe.arch, num_classes=len(alphabet), max_length=recipe.max_length)
        self.scheme = str(self.model.scheme)
        if not tuned:
            self.model.backbone = EfficientNet.from_name("efficientnet-b0", drop_connect_rate=0.0)
        layout = torch.channels_last if tuned else torch.contiguous_format
        self.model.to(memory_format=layout).train()
        picture = opened(recipe)()
        self.inputs = torch.randn(BATCH, *picture.shape).contiguous(memory_format=layout)
        text = alphabet.symbols[: recipe.max_length]
        self.targets = encode_labels([text] * BATCH, alphabet, recipe.max_length, self.scheme, 1000)
        self.forward: Any = torch.compile(self.model) if compiled else self.model
        self.optimizer = torch.optim.AdamW(self.model.parameters(), 1e-3, fused=True)
        self.autocast = torch.autocast("cpu", torch.bfloat16, enabled=bfloat16)

    def __call__(self) -> dict[str, float]:
        """Take one step; return the seconds of its parts."""
        times = [time.perf_counter()]
        with self.autocast:
            logits = self.forward(self.inputs)
        loss = sequence_loss(logits.float(), self.targets, self.scheme)
        times.append(time.perf_counter())
        loss.backward()
        times.append(time.perf_counter())
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        times.append(time.perf_counter())
        parts = [b - a for a, b in zip(times[:-1], times[1:], strict=True)]
        return dict(zip(("forward", "backward", "optimizer"), parts, strict=True))


def opened(recipe: Recipe) -> Callable[[], torch.Tensor]:
    """Return what preprocesses a captcha of 160 x 60 pixels to a recipe's input, a text of six characters in it."""
    transform = build_transform(recipe.transform(*recipe.size))
    picture = generate_captcha(GeneratorSettings(min_length=6), seed=0).image
    return lambda: transform.pixels(picture)


def measure(steps: Steps, count: int) -> dict[str, Any]:
    """Return pictures per second and each part's share, by the medians of ``count`` steps after two more."""
    runs = [steps() for _ in range(count + 2)][2:]
    medians = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
    total = sum(medians.values())
    return {
        "pictures_per_second": round(BATCH / total, 1),
        "share": {part: round(value / total, 3) for part, value in medians.items()},
    }


def rate(work: Callable[[], object], pictures: int, times: int) -> float:
    """Return pictures per second of something that takes so many at a time."""
    work()
    started = time.perf_counter()
    for _ in range(times):
        work()
    return round(times * pictures / (time.perf_counter() - started), 1)


def measure_recipe(recipe: Recipe, count: int) -> dict[str, Any]:
    """Return how fast a recipe's steps are in both precisions, and the work before a step."""
    preprocess = opened(recipe)
    pixels = torch.stack([preprocess()] * BATCH)
    generator = torch.Generator().manual_seed(0)
    return {
        "input": list(pixels.shape[1:]),
        "float32": measure(Steps(recipe), count),
        "bf16": measure(Steps(recipe, bfloat16=True), count),
        "used": "bf16" if recipe.cpu_bfloat16 else "float32",
        "preprocessing_pictures_per_second": rate(preprocess, 1, 200),
        "augmentation_pictures_per_second": rate(lambda: augment_batch(pixels, generator), BATCH, 10),
    }


def plain_memory(threads: int, steps: int) -> dict[str, Any]:
    """Return the figures of the tuned backbone in a process whose memory settings are glibc's own."""
    command = [sys.executable, __file__, "--threads", str(threads), "--steps", str(steps), "--tuned-only"]
    environment = {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return dict(json.loads(output.splitlines()[-1]))


def main() -> None:
    """Measure all variants, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--threads", type=int, default=2, help="threads (default 2)")
    parser.add_argument("--steps", type=int, default=6, help="steps per variant (default 6)")
    parser.add_argument("--tuned-only", action="store_true", help="print the figures of the tuned backbone and stop")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    efficientnet = RECIPES["efficientnet"]
    if options.tuned_only:
        print(json.dumps(measure(Steps(efficientnet), options.steps)))
        return
    variants: dict[str, Callable[[], dict[str, Any]]] = {
        "as the package ships it": lambda: measure(Steps(efficientnet, tuned=False), options.steps),
        "tuned (`build_backbone`)": lambda: measure(Steps(efficientnet), options.steps),
        PLAIN_MEMORY: lambda: plain_memory(options.threads, options.steps),
        "tuned, bf16": lambda: measure(Steps(efficientnet, bfloat16=True), options.steps),
        "tuned, torch.compile": lambda: measure(Steps(efficientnet, compiled=True), options.steps),
    }
    result: dict[str, Any] = {"threads": options.threads, "batch": BATCH, "variants": {}, "recipes": {}}
    for name, variant in variants.items():
        result["variants"][name] = variant()
        print(name, result["variants"][name], flush=True)
    for name, recipe in RECIPES.items():
        result["recipes"][name] = measure_recipe(recipe, options.steps)
        print(name, result["recipes"][name], flush=True)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
