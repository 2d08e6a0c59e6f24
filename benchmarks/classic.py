"""The classic recipes side by side: what each reads, what it costs, how long it took to train.

    python benchmarks/classic.py --data ../shared/data --train
    python benchmarks/classic.py --data ../shared/data --only crnn-resnet18

For every recipe the commands in ``CASES`` draw or take the training pictures and train; without ``--train`` the
checkpoints of an earlier call are taken from ``runs/classic``. A run that was cut off is resumed. Then each is measured
on a test split that it has not seen, one thread, one picture at a time for the speed. Writes
benchmarks/results/classic.json, which benchmarks/readme_results.py turns into the table in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from captcha_core.checkpoint import read_meta  # noqa: E402 - the package lies beside this folder
from captcha_core.data.load import load_data  # noqa: E402
from captcha_core.evaluation.measure import evaluate_model  # noqa: E402
from captcha_core.imaging import load_image  # noqa: E402
from captcha_core.models import build_model  # noqa: E402
from captcha_core.recognizer import Recognizer  # noqa: E402
from captcha_core.transforms import build_transform  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "classic.json"
RUNS = ROOT / "runs" / "classic"
TIMED = 100


@dataclass(frozen=True)
class Case:
    """How a recipe is trained and on what it is measured.

    In the words of commands, ``{data}`` is the folder of labelled pictures and ``{runs}`` that of the runs.

    Attributes:
        recipe: Its name.
        test: File of the test pictures.
        split: Their split, if the file has several.
        shown: What the table calls them.
        commands: What makes ``{runs}/RECIPE/best.safetensors``, each a script and its arguments.
    """

    recipe: str
    test: str
    split: str | None
    shown: str
    commands: tuple[str, ...]


PYCAPTCHA = "captcha_generator.py --style pycaptcha --workers 2"
OWN62 = (
    "captcha_generator.py --count 24000 --alphabet mixed62 --min-length 5 --max-length 5 --width 150 --height 40 "
    "--char-size 0.65 --spots 0"
)


def drawn_gregwar(name: str, *parts: tuple[int, int], fonts: str = "") -> list[str]:
    """Return the commands that draw pictures with Gregwar's captcha: ``parts`` of so many with such a seed."""
    folders = [f"{{runs}}/gregwar-{seed}" for _, seed in parts]
    drawn = [
        f"tools/gregwar.php {count} {seed} {folder} {fonts}".rstrip()
        for (count, seed), folder in zip(parts, folders, strict=True)
    ]
    return [*drawn, f"make_dataset.py {' '.join(folders)} --output {{runs}}/gregwar{name}.parquet"]


# A file that is named several times counts as often.
VERSION_2 = "{data}/captcha_images_v2.parquet "
GREGWAR = "{data}/gregwar_150x40.parquet "
GREGWAR_OLD = "{data}/zoo_train/php_gregwar.parquet "
CASES = (
    Case(
        "efficientnet",
        "{data}/captcha_images_v2.parquet",
        "test",
        "Captcha Version 2, test split",
        (),
    ),
    Case(
        "resnet50-heads",
        "{runs}/pycaptcha6_test.parquet",
        None,
        "`captcha` package, 6 characters of 36",
        (
            f"{PYCAPTCHA} --count 60000 --min-length 6 --max-length 6 --seed 31 --test 2000 "
            "--output {runs}/pycaptcha6.parquet",
            "train.py --recipe resnet50-heads --data {runs}/pycaptcha6.parquet --augment 0 --epochs 1 --batch-size 32 "
            "--output {runs}/resnet50-heads",
        ),
    ),
    Case(
        "crnn-resnet18",
        "{data}/captcha_images_v2.parquet",
        "test",
        "Captcha Version 2, test split",
        (
            "captcha_generator.py --count 80000 --min-length 5 --max-length 5 --width 200 --height 50 --seed 33 "
            "--output {runs}/own5.parquet",
            "train.py --recipe crnn-resnet18 --size 50 200 --data {runs}/own5.parquet --epochs 1 --batch-size 32 "
            "--output {runs}/crnn-resnet18-own",
            "captcha_generator.py --count 20000 --min-length 5 --max-length 5 --width 200 --height 50 --seed 35 "
            "--output {runs}/own5b.parquet",
            f"train.py --recipe crnn-resnet18 --data {{runs}}/own5b.parquet {40 * VERSION_2} --split train "
            "--validation 1500 --epochs 1 --init-from {runs}/crnn-resnet18-own/best.safetensors "
            "--output {runs}/crnn-resnet18",
        ),
    ),
    Case(
        "cnn-lstm",
        "{data}/published/pycaptcha_ld5to8.parquet",
        "test",
        "`captcha` package, 5 to 8 characters of 36",
        (
            f"{PYCAPTCHA} --count 150000 --min-length 5 --max-length 8 --seed 32 "
            "--output {runs}/pycaptcha5to8.parquet",
            "train.py --recipe cnn-lstm --data {runs}/pycaptcha5to8.parquet --augment 0 --epochs 1 "
            "--output {runs}/cnn-lstm",
        ),
    ),
    Case(
        "crnn-clahe",
        "{data}/gregwar_150x40.parquet",
        "test",
        "Gregwar captcha 150x40, test split",
        (
            f"{OWN62} --seed 36 --lines 0 --elastic-alpha 0 --output {{runs}}/own62.parquet",
            "train.py --recipe crnn-clahe --data {runs}/own62.parquet --validation 500 --epochs 1 --augment 0 "
            "--batch-size 16 --check-every 250 --output {runs}/crnn-clahe-own",
            f"{OWN62} --seed 37 --lines 1 --elastic-alpha 10 --elastic-sigma 8 --output {{runs}}/own62b.parquet",
            "train.py --recipe crnn-clahe --data {runs}/own62.parquet {runs}/own62b.parquet --validation 500 "
            "--epochs 1 --augment 0 --batch-size 16 --check-every 250 "
            "--init-from {runs}/crnn-clahe-own/best.safetensors --output {runs}/crnn-clahe-own2",
            f"train.py --recipe crnn-clahe --data {GREGWAR}{GREGWAR_OLD}--split train --validation 350 --epochs 12 "
            "--frozen-epochs 0 --check-every 200 --init-from {runs}/crnn-clahe-own2/best.safetensors "
            "--output {runs}/crnn-clahe-b",
            # What was measured came by a longer way: before this run, one on 40,000 other drawn pictures was stopped
            # after 19,200, this one began where that one had ended, and was stopped after 57,600.
            *drawn_gregwar("60k", (30000, 101), (30000, 102), fonts="data/fonts"),
            f"train.py --recipe crnn-clahe --data {{runs}}/gregwar60k.parquet {6 * GREGWAR}{4 * GREGWAR_OLD}"
            "--split train --validation 1000 --epochs 1 --frozen-epochs 0 --check-every 300 "
            "--init-from {runs}/crnn-clahe-b/best.safetensors --output {runs}/crnn-clahe-d",
            *drawn_gregwar("40k", (20000, 104), (20000, 105), fonts="data/fonts"),
            f"train.py --recipe crnn-clahe --data {{runs}}/gregwar40k.parquet {4 * GREGWAR}{2 * GREGWAR_OLD}"
            "--split train --validation 1000 --epochs 1 --frozen-epochs 0 --augment 0.15 --check-every 200 "
            "--init-from {runs}/crnn-clahe-d/last.safetensors --output {runs}/crnn-clahe-e",
            *drawn_gregwar("84k", (30000, 106), (30000, 107), (24000, 108)),
            f"train.py --recipe crnn-clahe --arch-arg dropout=0 --data {{runs}}/gregwar84k.parquet {6 * GREGWAR}"
            f"{2 * GREGWAR_OLD}--split train --validation 1000 --epochs 1 --frozen-epochs 0 --augment 0.1 "
            "--check-every 300 --seed 1 --init-from {runs}/crnn-clahe-e/last.safetensors --output {runs}/crnn-clahe-f",
            *drawn_gregwar("-like", (30000, 109), (30000, 110), fonts="tools/gregwar_fonts.txt"),
            f"train.py --recipe crnn-clahe --arch-arg dropout=0 --data {{runs}}/gregwar-like.parquet {8 * GREGWAR}"
            f"{2 * GREGWAR_OLD}--split train --validation 1000 --epochs 1 --frozen-epochs 0 --augment 0.1 "
            "--check-every 300 --seed 2 --init-from {runs}/crnn-clahe-f/last.safetensors --output {runs}/crnn-clahe",
        ),
    ),
)


def main() -> None:
    """Train what is asked for, measure every recipe that has a checkpoint, write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled pictures")
    parser.add_argument("--only", nargs="+", metavar="RECIPE", help="only these recipes; the others keep their figures")
    parser.add_argument("--train", action="store_true", help="train before measuring")
    options = parser.parse_args()
    figures: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for case in CASES:
        if options.only and case.recipe not in options.only:
            continue
        if options.train:
            train(case, options.data)
        figures[case.recipe] = measure(case, options.data)
        print(case.recipe, figures[case.recipe], flush=True)
        RESULT.write_text(json.dumps(figures, indent=2) + "\n")


def train(case: Case, data: Path) -> None:
    """Run the commands of a recipe; what is done already is not done again."""
    RUNS.mkdir(parents=True, exist_ok=True)
    for command in case.commands:
        words = command.format(data=data, runs=RUNS).split()
        if words[0].endswith(".php"):
            if not Path(words[3]).exists():
                subprocess.run(["php", "-d", "error_reporting=0", *words], cwd=ROOT, check=True)
            continue
        output = Path(words[words.index("--output") + 1])
        if output.is_file():
            continue
        if (output / "options.json").exists():
            words = [words[0], "--resume", str(output)]
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True)


def measure(case: Case, data: Path) -> dict[str, Any]:
    """Return the figures of one recipe."""
    torch.set_num_threads(1)
    checkpoint = RUNS / case.recipe / "best.safetensors"
    shipped = ROOT / "saved_models" / f"{case.recipe}.safetensors"
    path = checkpoint if case.commands else shipped
    recognizer = Recognizer(path)
    samples = list(load_data([case.test.format(data=data, runs=RUNS)], split=case.split))
    metrics = evaluate_model(recognizer, iter(samples)).metrics
    parameters, macs = cost(path, samples[0].image)
    return {
        "test": case.shown,
        "n": metrics.n,
        "exact_match": metrics.exact_match,
        "exact_match_folded": metrics.exact_match_folded,
        "char_accuracy": metrics.char_accuracy,
        "cer": metrics.cer,
        "parameters": parameters,
        "macs": macs,
        "file_bytes": path.stat().st_size,
        "pictures_per_second": rate(recognizer, [s.image for s in samples[:TIMED]]),
        "training_seconds": training_seconds(case) if case.commands else None,
        "training_data": read_meta(path).training_data,
    }


def cost(path: Path, picture: bytes) -> tuple[int, int]:
    """Return the parameters and the multiply-accumulates for one picture, recurrent layers included."""
    meta = read_meta(path)
    model = build_model(meta.arch, **meta.arch_args).eval()
    inputs = build_transform(meta.transform)(load_image(picture))[None]
    counter = FlopCounterMode(display=False)
    # The counter sees convolutions and products of matrices. Recurrent layers are made of those without oneDNN, and
    # attention is in its plain form, which gradients keep whole.
    with warnings.catch_warnings(), torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH), counter:
        warnings.simplefilter("ignore")
        model(inputs)
    return sum(p.numel() for p in model.parameters()), counter.get_total_flops() // 2


def rate(recognizer: Recognizer, pictures: list[bytes]) -> float:
    """Return pictures per second on one core, one at a time, opening and decoding included."""
    recognizer.read(pictures[0])
    started = time.perf_counter()
    for picture in pictures:
        recognizer.read(picture)
    return round(len(pictures) / (time.perf_counter() - started), 1)


def training_seconds(case: Case) -> float:
    """Return the time of all steps of a recipe's runs, in seconds."""
    total = 0.0
    for command in case.commands:
        if command.startswith("train.py"):
            folder = Path(command.format(data="", runs=RUNS).split("--output ")[1])
            with (folder / "metrics.csv").open(newline="") as lines:
                total += sum(float(row["seconds"]) for row in csv.DictReader(lines))
    return round(total, 1)


if __name__ == "__main__":
    main()
