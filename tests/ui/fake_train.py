"""Stands for train.py where a test needs its output and not its learning: python fake_train.py MODE ARGUMENTS.

MODE is "learn", "refuse" (as for bad pictures), "break" (killed in the second training, once; it goes on when resumed),
"wait" (until it is ended), "grow" (asks for memory until there is none) or "real": train.py itself, with a plan of a
few steps.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import string
import sys
import time
from pathlib import Path

HEAD = "phase,step,pictures,learning_rate,train_loss,val_loss,val_exact_match,val_cer,seconds\n"


def main(mode: str, arguments: list[str]) -> None:
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    if mode == "refuse":
        print(f"error: The pictures cannot be learned from: 1 labels ... in {given['--data']}.", file=sys.stderr)
        sys.exit(2)
    resumed = "--resume" in given
    run = Path(given["--resume"] if resumed else given["--output"])
    if not resumed:
        run.mkdir()
        (run / "adapt.json").write_text(json.dumps(given))
    options = json.loads((run / "adapt.json").read_text())
    print("Pictures: so many", file=sys.stderr)
    for number in (1, 2, 3):
        train(run, number)
        if mode == "break" and number == 2 and not resumed:
            os.kill(os.getpid(), signal.SIGKILL)
        while mode == "wait":
            time.sleep(0.05)
        grown: list[bytearray] = []
        while mode == "grow":
            grown.append(bytearray(64 << 20))
    write_held_out(run, options["--data"])
    shutil.copyfile(options["--adapt"], run / "adapted.safetensors")
    # The long word is what a card has where any character may come.
    expects = f"Expects `{string.ascii_letters}`."
    (run / "adapted.md").write_text(f"# adapted\n\n{expects}\n\n| | the new captcha |\n|---|---|\n| pictures | 9 |\n")


def write_held_out(run: Path, data: str) -> None:
    import pyarrow.parquet as pq

    rows = [
        f"{row['image']['path']},{row['label']},'=x,0.25,{row['label']},0.75\n"
        for row in pq.read_table(data).to_pylist()
    ]
    (run / "held_out.csv").write_text("file,label,before,confidence_before,after,confidence\n" + "".join(rows))


def train(run: Path, number: int) -> None:
    folder = run / f"fold-{number}"
    folder.mkdir(exist_ok=True)
    print(f"Round 1, training {number} of 3", file=sys.stderr)
    for phase, total in (("frozen", 32), ("full", 96)):
        for done in (0, total // 2, total):
            bar = f"{phase}:  50%|###       | {done}/{total} [00:01<00:01, 9.0picture/s, loss=1.2]"
            print(f"\r{bar}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    rows = f"frozen,1,32,0.001,2.0,2.0,0.25,0.5,1.0\nfull,3,128,0.001,1.0,1.0,0.{number},0.2,1.0\n"
    (folder / "metrics.csv").write_text(HEAD + rows)


def real(arguments: list[str]) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import train as program
    from captcha_core import cli
    from tests.short_adaptation import shorten

    shorten(setattr)
    sys.argv = ["train.py", *arguments]
    cli.run(program.main)


if __name__ == "__main__":
    if sys.argv[1] == "real":
        real(sys.argv[2:])
    else:
        main(sys.argv[1], sys.argv[2:])
