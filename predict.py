"""Read the text in pictures with a trained checkpoint.

python predict.py picture.png
python predict.py folder/ more.parquet --output predictions.csv

There is one row per picture, in the order of the input: file, prediction, confidence, char_confidences, error.
A picture that cannot be read is a row with an error. A folder stands for the pictures in it and in its sub-folders,
in natural order (2.png before 10.png); a Parquet file for its rows, named file.parquet#0, file.parquet#1 and so on.
In CSV a text that a spreadsheet would take for a formula has a ' before it.

What a run had read when it was interrupted lies in OUTPUT.parts, and the same command goes on from there.

Exit code: 0 when every picture was read, 1 when some were not, 2 when nothing could be done; with 2 no output is
written or replaced.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.backends import BACKENDS
from captcha_core.cli import run
from captcha_core.cluster.arguments import add_engine_arguments, engine_of, threads_of
from captcha_core.cluster.parts import Parts
from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError, ImageError
from captcha_core.rows import COLUMNS, Row
from captcha_core.stage_files import StageFiles, check_stage_folder
from captcha_core.tables import check_table_path, open_table

if TYPE_CHECKING:
    from captcha_core.cluster.reading import Read
    from captcha_core.recognizer import NamedSource, Recognizer


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    description, _, epilog = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="predict.py", description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="picture, folder or Parquet file")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="default: the latest in saved_models/")
    parser.add_argument(
        "--backend", choices=BACKENDS, help="what computes (default: by the checkpoint; onnx for .onnx)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="x.csv, x.jsonl or x.parquet; default: print lines")
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="pictures read at once (default: 32)")
    parser.add_argument("--image-column", metavar="NAME", help="Parquet column of the pictures (default: image)")
    parser.add_argument("--limit", type=int, metavar="N", help="read only the first N pictures")
    known = parser.add_argument_group("text", "what is known of it; other readings are ruled out")
    known.add_argument("--allow", metavar="CHARACTERS", help="only these may stand in it, such as 2345abc or digits")
    known.add_argument(
        "--length", metavar="N", help="it has N characters, from MIN-MAX such as 4-6, or MIN- such as 4-"
    )
    known.add_argument(
        "--ignore-case", action="store_true", help="case does not matter: read a and A as one letter, written small"
    )
    steps = parser.add_argument_group("preprocessing", "travels in the checkpoint; the first three override that")
    steps.add_argument("--no-auto-crop", action="store_true", help="keep a margin of one flat colour")
    steps.add_argument("--force-invert", action="store_true", help="swap light and dark in every picture")
    steps.add_argument("--strong", action="store_true", help="thicken the strokes: for thin ones")
    steps.add_argument("--save-debug", type=Path, metavar="DIR", help="write every stage as PNG into a new folder")
    add_engine_arguments(parser, "read")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Read what the arguments name; return the exit code."""
    options = parse_arguments(arguments)
    check_options(options)
    constraint = constraint_of(options)
    # Torch takes seconds to import; --help and a mistyped output need not wait for it.
    from captcha_core.cluster.reading import ReadStage, read_pictures
    from captcha_core.pictures import find_pictures, limited, picture_jobs
    from captcha_core.recognizer import Recognizer, default_checkpoint

    engine = engine_of(options)
    changes = overrides(options)
    checkpoint = options.checkpoint or default_checkpoint()
    settings = {"preprocessing": changes, "backend": options.backend, "threads": threads_of(options)}
    recognizer = Recognizer(checkpoint, **settings)
    if constraint is not None:
        constraint.choose(recognizer.alphabet)
    notes = [preprocessing_note(changes, recognizer.meta.transform), constraint_note(constraint, recognizer.expected)]
    note = "\n".join(filter(None, notes))
    if options.save_debug is not None:
        pictures = islice(find_pictures(options.paths, options.image_column), options.limit)
        save_stages(pictures, recognizer, options.save_debug)
    settings |= {"preprocessing": tuple(changes.items()), "batch_size": options.batch_size, "constraint": constraint}
    stage = ReadStage.of(recognizer, checkpoint, **settings)
    jobs = limited(picture_jobs(options.paths, options.image_column), options.limit)
    if options.output is None:
        return print_rows(map(row_of_read, read_pictures(engine, stage, jobs)), note)
    parts = Parts(engine, options.output)
    code = write_rows(map(row_of_read, read_pictures(parts, stage, jobs)), options.output, note)
    parts.remove()
    return code


def check_options(options: argparse.Namespace) -> None:
    """Refuse options that cannot be meant.

    Raises:
        CaptchaLabError: If a number is below 1, or something of the user's would be replaced.
    """
    for name, number in (("--batch-size", options.batch_size), ("--limit", options.limit)):
        if number is not None and number < 1:
            raise CaptchaLabError(f"{name} {number}: it must be 1 or more.")
    if options.output is not None:
        check_output(options.output, options.paths)
    if options.save_debug is not None:
        check_stage_folder(options.save_debug, options.paths)


def check_output(output: Path, inputs: list[Path]) -> None:
    """Refuse an output of no known format, and one that would replace an input.

    Raises:
        CaptchaLabError: If it is one of these.
    """
    check_table_path(output)
    if any(path.resolve() == output.resolve() for path in inputs):
        raise CaptchaLabError(f"--output {output} is one of the inputs and would be replaced; name another file.")


def constraint_of(options: argparse.Namespace) -> Constraint | None:
    """Return what the options say of the text; None when they say nothing.

    Raises:
        CaptchaLabError: If the length is none, or no text can be so.
    """
    known = Constraint(NAMED_ALPHABETS.get(options.allow, options.allow), ignore_case=options.ignore_case)
    if options.length is None:
        return None if known == Constraint() else known
    match = re.fullmatch("([0-9]+)(?:-([0-9]*))?", options.length)
    if match is None:
        raise CaptchaLabError(
            f"--length {options.length}: give a number such as 5, two such as 4-6, or 4- for 4 or more."
        )
    shortest, longest = match[1], match[1] if match[2] is None else match[2]
    return replace(known, min_length=int(shortest), max_length=int(longest) if longest else None)


def constraint_note(constraint: Constraint | None, expected: Constraint | None) -> str | None:
    """Say what is known of the text, by the flags or else by what the model expects; None when nothing is."""
    said = expected if constraint is None else constraint
    if said is None:
        return None
    known = [f"only {said.allowed}"] if said.allowed is not None else []
    known += [said.lengths] if said.limits_length else []
    known += ["case ignored"] if said.ignore_case else []
    return f"{'expected by the model' if constraint is None else 'constraint'}: {', '.join(known)}"


def overrides(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the flags put in place of values of the checkpoint's transform."""
    flags = {
        "auto_crop": (options.no_auto_crop, False),
        "invert": (options.force_invert, "always"),
        "strong": (options.strong, True),
    }
    return {step: value for step, (given, value) in flags.items() if given}


def preprocessing_note(changes: Mapping[str, Any], transform: Mapping[str, Any]) -> str | None:
    """Say in a line what the flags ask for, and whether the checkpoint has it otherwise; None without any."""
    if not changes:
        return None
    words = {"auto_crop": "auto-crop off", "invert": "inverted", "strong": "strong"}
    differs = any(transform.get(step, False) != value for step, value in changes.items())
    listed = ", ".join(words[step] for step in changes)
    return f"preprocessing: {listed} ({'overrides' if differs else 'as in'} the checkpoint)"


def save_stages(pictures: Iterable[NamedSource], recognizer: Recognizer, folder: Path) -> None:
    """Write the stages of the preprocessing of pictures; of one that cannot be read there are none."""
    from captcha_core.imaging import load_image

    files = StageFiles(folder)
    for picture in pictures:
        if not isinstance(picture.source, CaptchaLabError):
            # An unreadable picture becomes a row that says so.
            with suppress(ImageError):
                files.write(picture.name, recognizer.transform.stages(load_image(picture.source, picture.name)))


def row_of_read(read: Read) -> Row:
    """Return the row of a picture."""
    return Row(read.file, read.text, read.confidence, read.char_confidences, read.error)


def print_rows(rows: Iterable[Row], note: str | None = None) -> int:
    """Print the note, then a line per picture, as ``file  text  97.3%``; return the exit code."""
    if note:
        print(note)
    read = failed = width = 0
    for row in rows:
        # Long streams cannot be looked through first, so the column only ever grows.
        width = max(width, len(row.file))
        if row.confidence is None:
            failed += 1
            print(f"{row.file:<{width}}  error: {row.error}", flush=True)
        else:
            read += 1
            print(f"{row.file:<{width}}  {row.prediction or '(no text)'}  {row.confidence:.1%}", flush=True)
    return exit_code(read, failed)


def write_rows(rows: Iterable[Row], output: Path, note: str | None = None) -> int:
    """Write a table under a progress bar, then print how many were read and the note; return the exit code.

    Raises:
        CaptchaLabError: If no picture could be read; then the output stays as it was.
    """
    from tqdm import tqdm

    read = failed = 0
    first = ""
    with open_table(output, COLUMNS) as write:
        for row in tqdm(rows, unit=" pictures", desc="reading"):
            write(row)
            read += row.error is None
            failed += row.error is not None
            first = first or row.error or ""
        if not read:
            raise CaptchaLabError(f"{output} is not written, since none of the {failed} inputs could be read: {first}")
    print(f"{output}: {read} read, {failed} could not be read")
    if note:
        print(note)
    return exit_code(read, failed)


def exit_code(read: int, failed: int) -> int:
    """Return 0 when all were read, 1 when some were not, 2 when none was."""
    return 2 if not read else int(failed > 0)


if __name__ == "__main__":
    run(main)
