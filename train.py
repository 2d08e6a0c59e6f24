"""Train a recogniser.

python train.py --recipe efficientnet --data data/train.parquet --output runs/first
python train.py --resume runs/first

accelerate launch --multi_gpu --num_processes 4 train.py --recipe captcha-net --data data/train.parquet

python train.py --adapt saved_models/ppocr.safetensors --data my_pictures/

--adapt teaches a trained model a new captcha, with 10 to 5,000 labelled pictures: Parquet files, folders, CSV or TSV.
It takes minutes, and chooses everything else by itself.

Started by accelerate launch or torchrun, the processes share every batch; --device cpu lets them compute on CPUs.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import fields, replace
from pathlib import Path

from captcha_core.cli import run
from captcha_core.errors import CaptchaLabError
from captcha_core.memory import restart_with_large_pages

# As in captcha_core.recipes, whose import takes a second that --help need not wait for.
DESIGNS = "efficientnet, resnet50-heads, crnn-resnet18, cnn-lstm, crnn-clahe, captcha-net or ppocr"


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; what is not given is the recipe's choice."""
    _, _, epilog = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description="Train a captcha recogniser; unset values are the recipe's.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_start_arguments(parser)
    add_data_arguments(parser.add_argument_group("data"))
    add_model_arguments(parser.add_argument_group("model"))
    add_step_arguments(parser.add_argument_group("steps"))
    return parser.parse_args(arguments)


def add_start_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is trained, from where, and where it goes."""
    parser.add_argument("--recipe", default="efficientnet", help=f"which design to train: {DESIGNS}")
    parser.add_argument("--adapt", metavar="CHECKPOINT", help="teach this model a new captcha with few pictures")
    replay_help = "with --adapt: more labelled pictures, of what the model shall not forget"
    parser.add_argument("--replay", nargs="+", default=[], metavar="FILE", help=replay_help)
    unlabelled_help = "with --adapt: pictures of the new captcha without labels, to learn from too"
    parser.add_argument("--unlabelled", nargs="+", default=[], metavar="PATH", help=unlabelled_help)
    parser.add_argument("--output", help="folder of the run; default runs/RECIPE")
    parser.add_argument("--resume", metavar="FOLDER", help="continue the run in this folder as if it had not stopped")
    parser.add_argument("--seed", type=int, default=0, help="where all randomness starts")
    parser.add_argument("--workers", type=int, default=0, help="processes that open pictures; 0: this one")
    parser.add_argument("--threads", type=int, help="threads of the arithmetic")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")


def add_data_arguments(group: argparse._ArgumentGroup) -> None:
    """Add what is learned from and what is held out."""
    group.add_argument("--data", nargs="+", default=[], metavar="FILE", help="Parquet files to learn from")
    group.add_argument("--split", help="which rows of files that have a split column, such as train")
    group.add_argument("--image-column", help="column of the pictures")
    group.add_argument("--label-column", help="column of the labels")
    held_help = "files of which nothing is learned, to hold out rows of"
    group.add_argument("--validation-data", nargs="+", default=[], metavar="FILE", help=held_help)
    group.add_argument("--validation", type=int, default=1000, help="rows held out to choose the best checkpoint")
    group.add_argument("--augment", type=float, default=1.0, help="share of the pictures that augmentation changes")
    draw_help = "pictures of any look to draw while training, once each, among the passes over the data"
    group.add_argument("--draw", type=int, default=0, metavar="N", help=draw_help)
    group.add_argument("--fonts", nargs="+", default=[], metavar="PATH", help="folders or files of fonts for --draw")


def add_model_arguments(group: argparse._ArgumentGroup) -> None:
    """Add what the network is and what it starts from."""
    group.add_argument("--init-from", metavar="CHECKPOINT", help="start from a checkpoint, or from imagenet")
    group.add_argument("--teacher", metavar="CHECKPOINT", help="larger model whose readings are learned too")
    group.add_argument("--alphabet", help="named alphabet or the characters themselves")
    group.add_argument("--max-length", type=int, help="longest text, in characters")
    size_help = "size of the model's input, in pixels: the side of a square, or height and width, as the recipe has it"
    group.add_argument("--size", type=int, nargs="+", metavar="PIXELS", help=size_help)
    arch_help = "argument of the architecture other than its own, such as hidden=512; may be given several times"
    group.add_argument("--arch-arg", action="append", default=[], metavar="NAME=NUMBER", help=arch_help)


def add_step_arguments(group: argparse._ArgumentGroup) -> None:
    """Add how long and how fast it learns."""
    group.add_argument("--frozen-epochs", type=int, help="passes with the CNN frozen")
    group.add_argument("--epochs", type=int, help="passes with everything free")
    group.add_argument("--batch-size", type=int, help="pictures per step")
    parts_help = "parts of a batch that are computed one after the other, to need less memory (default: 1)"
    group.add_argument("--accumulate", type=int, default=1, metavar="N", help=parts_help)
    group.add_argument("--learning-rate", type=float, help="peak of the schedule")
    group.add_argument("--check-every", type=int, default=500, help="steps between checks and checkpoints")


def main(arguments: list[str]) -> int:
    """Train what the arguments ask for; return the exit code."""
    parsed = parse_arguments(arguments)
    from tqdm import tqdm

    from captcha_core.training import TrainOptions, train_model

    if parsed.adapt or (parsed.resume and (Path(parsed.resume) / "adapt.json").exists()):
        return adapt(parsed, arguments)
    if parsed.replay or parsed.unlabelled:
        raise CaptchaLabError("--replay and --unlabelled go with --adapt; name files to learn from with --data.")
    if parsed.resume:
        check_alone(arguments)
        # The folder may have been moved since.
        options = replace(TrainOptions.load(Path(parsed.resume) / "options.json"), output=parsed.resume)
    else:
        values = {f.name: getattr(parsed, f.name) for f in fields(TrainOptions) if hasattr(parsed, f.name)}
        values["output"] = parsed.output or f"runs/{parsed.recipe}"
        values["size"] = None if parsed.size is None else tuple(parsed.size)
        values |= {name: tuple(getattr(parsed, name)) for name in ("data", "validation_data", "fonts")}
        values["arch_args"] = arch_args(parsed.arch_arg)
        options = TrainOptions(**values)
    best = train_model(options, tqdm, resume=bool(parsed.resume))
    if os.environ.get("RANK", "0") == "0":
        print(f"{best} is the best checkpoint; read a picture with: python predict.py PICTURE --checkpoint {best}")
    return 0


def adapt(parsed: argparse.Namespace, arguments: list[str]) -> int:
    """Teach a trained model a new captcha; return the exit code.

    Raises:
        CaptchaLabError: If an option is given that an adaptation chooses by itself.
    """
    from tqdm import tqdm

    from captcha_core.adaptation import AdaptOptions, adapt_model

    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise CaptchaLabError("--adapt takes minutes in one process; start it without accelerate launch.")
    if parsed.resume:
        check_alone(arguments)
        options = AdaptOptions.load(parsed.resume)
    else:
        names = {f.name: f"--{f.name.replace('_', '-')}" for f in fields(AdaptOptions) if f.name != "checkpoint"}
        others = [
            a for a in arguments if a.startswith("--") and a.partition("=")[0] not in {"--adapt", *names.values()}
        ]
        if others:
            raise CaptchaLabError(f"--adapt chooses by itself; leave out {' '.join(others)}.")
        values = {name: getattr(parsed, name) for name in names}
        values |= {name: tuple(values[name]) for name in ("data", "replay", "unlabelled")}
        values["output"] = parsed.output or f"runs/{Path(parsed.adapt).stem}-adapted"
        options = AdaptOptions(parsed.adapt, **values)
    result = adapt_model(options, tqdm, resume=bool(parsed.resume))
    print(f"{result} is the adapted model, {result.with_suffix('.md')} its card; read a picture with:")
    print(f"python predict.py PICTURE --checkpoint {result}")
    return 0


def check_alone(arguments: list[str]) -> None:
    """Refuse options beside ``--resume``.

    Raises:
        CaptchaLabError: If there are any.
    """
    others = [a for a in arguments if a.startswith("--") and not a.startswith("--resume")]
    if others:
        raise CaptchaLabError(f"--resume takes the run's own settings; leave out {' '.join(others)}.")


def arch_args(pairs: list[str]) -> dict[str, int | float]:
    """Return ``NAME=NUMBER`` words as a mapping.

    Raises:
        CaptchaLabError: If one is not of this form.
    """
    found: dict[str, int | float] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            found[name] = float(value) if "." in value else int(value)
        except ValueError as error:
            raise CaptchaLabError(f"--arch-arg {pair}: write NAME=NUMBER, such as hidden=512.") from error
    return found


if __name__ == "__main__":
    restart_with_large_pages()
    run(main)
