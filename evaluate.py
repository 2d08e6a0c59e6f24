"""Measure a trained checkpoint on labelled pictures, and look at what it read.

python evaluate.py data/test.parquet --json result.json --report result/ --view result.html

Prints the figures, a few samples, the worst pictures and the confusions. A picture that cannot be opened counts as
read wrong. exact_match is case-sensitive; exact_match_folded, beside it, is not.

--view shows each picture with the attempt: a page (at most 500 pictures) or a contact sheet (at most 100). Where there
are more, the mistakes that the model was surest of get three fifths of the places and what the right ones leave free.
The figures and the headings count every picture, whether it is shown or not.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.cli import run
from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.view import check_view_path
from captcha_core.files import atomic_path

if TYPE_CHECKING:
    from captcha_core.data.schema import Sample
    from captcha_core.evaluation.measure import Evaluation


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    description, _, epilog = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="evaluate.py", description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA", help="Parquet, folder, CSV or TSV with labels")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="default: the latest in saved_models/")
    parser.add_argument("--split", metavar="NAME", help="rows of this split; all for every row")
    parser.add_argument("--image-column", metavar="NAME", help="Parquet column of the pictures (default: image)")
    parser.add_argument("--label-column", metavar="NAME", help="Parquet column of the labels (default: label)")
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="pictures read at once (default: 32)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write reliability and confusion plots, and tables")
    parser.add_argument("--view", type=Path, metavar="FILE", help="show each picture with the attempt: x.html or x.png")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure what the arguments name; return the exit code."""
    options = parse_arguments(arguments)
    check_options(options)
    # Torch takes seconds to import; --help need not wait for it.
    from captcha_core.evaluation.measure import alphabet_note, evaluate_model
    from captcha_core.evaluation.report import format_details, format_figures
    from captcha_core.recognizer import Recognizer, default_checkpoint

    recognizer = Recognizer(options.checkpoint or default_checkpoint())
    evaluation = evaluate_model(recognizer, samples_of(options, "reading"), options.batch_size)
    note = alphabet_note(evaluation.labels, recognizer.alphabet)
    title = f"{recognizer.model_id} on {', '.join(map(str, options.data))}"
    print(f"{title}\n\n{format_figures(evaluation)}")
    if note:
        print(f"\nNote: {note}")
    print(f"\n{format_details(evaluation)}")
    written = write_files(options, evaluation, recognizer.model_id, title, note)
    if written:
        print(f"\nWritten: {', '.join(map(str, written))}")
    return 0


def check_options(options: argparse.Namespace) -> None:
    """Refuse what cannot be done, and what would replace the data or come to lie among its pictures.

    Raises:
        CaptchaLabError: If an option is one of these.
    """
    if options.batch_size < 1:
        raise CaptchaLabError(f"--batch-size {options.batch_size}: it must be 1 or more.")
    if options.view is not None:
        check_view_path(options.view)
    inputs = {path.resolve() for path in options.data}
    for name, output in (("--json", options.json), ("--view", options.view), ("--report", options.report)):
        if output is not None and output.resolve() in inputs:
            raise CaptchaLabError(f"{name} {output} would replace the data; name another place.")
    if options.view is not None and options.view.resolve().parent in inputs:
        raise CaptchaLabError(f"--view {options.view} would lie among the pictures of the data; name another place.")


def samples_of(options: argparse.Namespace, verb: str) -> Iterator[Sample]:
    """Stream the labelled pictures under a progress bar."""
    from tqdm import tqdm

    from captcha_core.data.load import load_data

    columns = {"image_column": options.image_column, "label_column": options.label_column}
    yield from tqdm(load_data(options.data, **columns, split=options.split), unit=" pictures", desc=verb)


def write_files(
    options: argparse.Namespace, evaluation: Evaluation, model_id: str, title: str, note: str | None
) -> list[Path]:
    """Write what was asked for; return the paths, without the figures'."""
    from captcha_core.evaluation.report import as_dict, write_report
    from captcha_core.evaluation.view import write_view

    written: list[Path] = []
    if options.json is not None:
        with atomic_path(options.json) as temporary:
            figures = {"model_id": model_id, "data": list(map(str, options.data))} | as_dict(evaluation)
            temporary.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.report is not None:
        written += write_report(evaluation, options.report)
    if options.view is not None:
        write_view(options.view, evaluation, samples_of(options, "showing"), title, note)
        written.append(options.view)
    return written


if __name__ == "__main__":
    run(main)
