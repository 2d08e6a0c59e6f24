"""Measure a trained checkpoint on labelled pictures.

python evaluate.py data/test.parquet --json result.json --report result/

Prints the figures, the worst pictures and the confusions. A picture that cannot be opened counts as read wrong.
exact_match is case-sensitive; exact_match_folded, beside it, is not.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from captcha_core.cli import run
from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path


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
    parser.add_argument("--report", type=Path, metavar="DIR", help="write reliability.png, worst.csv, confusions.csv")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure what the arguments name; return the exit code."""
    options = parse_arguments(arguments)
    if options.batch_size < 1:
        raise CaptchaLabError(f"--batch-size {options.batch_size}: it must be 1 or more.")
    if options.json is not None and any(path.resolve() == options.json.resolve() for path in options.data):
        raise CaptchaLabError(f"--json {options.json} would replace the data; name another file.")
    # Torch takes seconds to import; --help need not wait for it.
    from tqdm import tqdm

    from captcha_core.data.load import load_data
    from captcha_core.evaluation.measure import alphabet_note, evaluate_model
    from captcha_core.evaluation.report import as_dict, format_details, format_figures, write_report
    from captcha_core.recognizer import Recognizer, default_checkpoint

    recognizer = Recognizer(options.checkpoint or default_checkpoint())
    columns = {"image_column": options.image_column, "label_column": options.label_column}
    samples = load_data(options.data, **columns, split=options.split)
    evaluation = evaluate_model(recognizer, tqdm(samples, unit=" pictures", desc="reading"), options.batch_size)
    print(f"{recognizer.model_id} on {', '.join(map(str, options.data))}\n\n{format_figures(evaluation)}")
    if note := alphabet_note(evaluation.labels, recognizer.alphabet):
        print(f"\nNote: {note}")
    print(f"\n{format_details(evaluation)}")
    if options.json is not None:
        with atomic_path(options.json) as temporary:
            origin = {"model_id": recognizer.model_id, "data": list(map(str, options.data))}
            figures = origin | as_dict(evaluation)
            temporary.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.report is not None:
        print(f"\nWritten: {', '.join(map(str, write_report(evaluation, options.report)))}")
    return 0


if __name__ == "__main__":
    run(main)
