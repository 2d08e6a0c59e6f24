"""Write the figures of benchmarks/results/ into README, model cards and docs/, between their markers.

    python benchmarks/readme_results.py

No figure in those tables is typed by hand; each row names the command that printed it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.page_tables import page_table, soak_table  # noqa: E402 - the packages lie beside this folder
from benchmarks.reader_tables import accuracy_tables, checkpoint_table, reader_speed_table  # noqa: E402 - found from ROOT
from benchmarks.scaling_tables import scaling_tables  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"

GENERAL, MOBILE = "ppocr.safetensors", "captcha-net.safetensors"
CHECKPOINT = "--checkpoint saved_models/efficientnet.safetensors"
ACCURACY = (
    (
        "captcha_images_v2.json",
        "Captcha Version 2, test split",
        "evaluate.py captcha_images_v2.parquet --split test",
    ),
    (
        "generator_default.json",
        "this project's generator, default strength",
        "evaluate.py data/fresh.parquet",
    ),
)


def main() -> None:
    """Fill the documents."""
    general = checkpoint_table(result("accuracy.json"), GENERAL)
    fill(ROOT / "README.md", "\n".join([*general, "", *accuracy_table(), "", *speed_table()]))
    fill(ROOT / "saved_models" / "ppocr.md", "\n".join(general))
    mobile = checkpoint_table(result("accuracy.json"), MOBILE)
    fill(ROOT / "saved_models" / "mobile" / "captcha-net.md", "\n".join(mobile))
    fill(ROOT / "saved_models" / "efficientnet.md", "\n".join(accuracy_table()))
    tables = [*drawing_table(), "", *training_table(), "", *classic_table(), *comparison()]
    fill(ROOT / "docs" / "benchmarks.md", "\n".join(tables))
    if (RESULTS / "scaling.json").exists():
        fill(ROOT / "docs" / "scaling.md", "\n".join(scaling_tables(result("scaling.json"))))


def fill(document: Path, table: str) -> None:
    """Replace what stands between the markers of a document."""
    before, found, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        sys.exit(f"{document} has no {BEGIN} ... {END}")
    document.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def accuracy_table() -> list[str]:
    """Return the lines about what the shipped checkpoint reads."""
    lines = [
        "| test set | pictures | exact match | CER | ECE | command |",
        "|---|---|---|---|---|---|",
    ]
    for file, name, command in ACCURACY:
        figures = result(file)
        lines.append(
            f"| {name} | {figures['n']:,} | {figures['exact_match']:.2%} | {figures['cer']:.2%} | "
            f"{figures['ece']:.2%} | `{command} {CHECKPOINT}` |"
        )
    return lines


def speed_table() -> list[str]:
    """Return the lines about speed and memory."""
    generator, start, memory = (result(f"{name}.json") for name in ("generator_speed", "cold_start", "dataset_memory"))
    drawing = generator["drawing"]
    return [
        "| what | figure | command |",
        "|---|---|---|",
        f"| drawing, one core, beside the `captcha` package | {drawing['ratio']} times as fast "
        f"({drawing['ours_per_second']:.0f} against {drawing['captcha_per_second']:.0f} a second) "
        "| `benchmarks/generator_speed.py` |",
        f"| `predict.py` on one picture, from the shell to the answer | {start['median_seconds']} s "
        f"(first start {start['first_seconds']} s) | `benchmarks/cold_start.py` |",
        f"| `make_dataset.py`, largest memory for {memory['input_bytes'] / 1e9:.1f} GB of parts | "
        f"{memory['peak_rss_mb']:.0f} MB | `benchmarks/dataset_memory.py` |",
    ]


def drawing_table() -> list[str]:
    """Return where the generator's time goes, and its speed with the encoding to PNG."""
    figures = result("generator_speed.json")
    drawing, png = figures["drawing"], figures["with_png"]
    shares = "".join(f"| `{name}` | {share:.0%} |\n" for name, share in figures["share_of_drawing_time"].items())
    return [
        "| 160x60, 5 characters, one core | this generator, a second | `captcha` package, a second | ratio |",
        "|---|---|---|---|",
        f"| drawing | {drawing['ours_per_second']:.0f} | {drawing['captcha_per_second']:.0f} | {drawing['ratio']} |",
        f"| drawing and encoding as PNG | {png['ours_per_second']:.0f} | {png['captcha_per_second']:.0f} "
        f"| {png['ratio']} |",
        "",
        "| stage | share of the drawing time |",
        "|---|---|",
        *shares.splitlines(),
    ]


def training_table() -> list[str]:
    """Return how fast the recipes train and where a step's time goes."""
    figures = result("training_speed.json")
    shares = ("forward", "backward", "optimizer")
    lines = [
        f"Training steps of {figures['batch']} pictures, {figures['threads']} threads.",
        "",
        "| backbone of `efficientnet` | pictures a second | " + " | ".join(shares) + " |",
        "|---|---|---|---|---|",
    ]
    for name, variant in figures["variants"].items():
        parts = " | ".join(f"{variant['share'][part]:.0%}" for part in shares)
        lines.append(f"| {name} | {variant['pictures_per_second']} | {parts} |")
    lines += [
        "",
        "| recipe | float32, a second | bf16, a second | " + " | ".join(shares) + " | preprocessing alone, a second "
        "| augmentation alone, a second |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, recipe in figures["recipes"].items():
        rates = [f"{recipe[kind]['pictures_per_second']}" for kind in ("float32", "bf16")]
        used = [f"{recipe[recipe['used']]['share'][part]:.0%}" for part in shares]
        before = [f"{recipe[f'{work}_pictures_per_second']:.0f}" for work in ("preprocessing", "augmentation")]
        lines.append("| " + " | ".join([f"`{name}`", *rates, *used, *before]) + " |")
    return lines


def classic_table() -> list[str]:
    """Return what the classic recipes read and cost."""
    lines = [
        "| recipe | test set | exact | folded | characters | CER | parameters | MACs | file | a second, one core "
        "| training |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, r in result("classic.json").items():
        hours = "see the model card" if r["training_seconds"] is None else f"{r['training_seconds'] / 60:.0f} min"
        cells = [
            f"`{name}`",
            f"{r['test']} ({r['n']:,})",
            *(f"{r[key]:.2%}" for key in ("exact_match", "exact_match_folded", "char_accuracy", "cer")),
            f"{r['parameters'] / 1e6:.1f} M",
            f"{r['macs'] / 1e6:,.0f} M",
            f"{r['file_bytes'] / 1e6:.1f} MB",
            f"{r['pictures_per_second']:.0f}",
            hours,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def comparison() -> list[str]:
    """Return the tables beside other readers, and those of the page, that there are figures for."""
    lines: list[str] = []
    for file, tables in (
        ("accuracy.json", accuracy_tables),
        ("speed.json", reader_speed_table),
        ("page.json", page_table),
        ("soak.json", soak_table),
    ):
        if (RESULTS / file).exists():
            lines += ["", *tables(result(file))]
    return lines


def result(file: str) -> dict[str, Any]:
    """Return what a benchmark wrote."""
    return dict(json.loads((RESULTS / file).read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
