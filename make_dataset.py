r"""Join labelled pictures into one Parquet file.

    python make_dataset.py parts/*.parquet --output all.parquet
    python make_dataset.py pictures/ more.csv old.parquet --split 0.9 --output all.parquet
    python make_dataset.py pictures/ --pattern "\d+_(?P<label>.+)" --output all.parquet

Inputs, in any mix: Parquet files or a folder of them; a folder of pictures named by their labels (aB3xQ.png,
aB3xQ_17.png, 17_aB3xQ.png), or one with a labels.csv (file,label); CSV or TSV files that name pictures and labels.

Every picture is decoded once. A row is left out, and counted, when its picture cannot be read or it has no label;
when the same pixels came before with the same label (a duplicate); and when they came before with another label (a
conflict: at most one of the two is right, and the first is kept). The first 20 of each kind are listed.

--split 0.9 adds a column "split" with "train" for about nine of ten pictures and "test" for the others, decided by a
hash of the pixels, so that one picture never is in both, whatever is added later. It is one file, so that the two
cannot be mixed up: train.py reads it with --split train, evaluate.py with --split test.

Memory does not grow with the pictures; to find duplicates, about 150 bytes are kept for each of them (150 MB for a
million). What a run had finished when it was interrupted lies in OUTPUT.parts, and the same command goes on from there.
Exit code 2 when nothing could be written; then an older output is left as it was.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from captcha_core.cli import run
from captcha_core.cluster.arguments import add_engine_arguments, engine_of
from captcha_core.cluster.parts import Parts
from captcha_core.data.check import Checker
from captcha_core.data.digests import digested_rows
from captcha_core.data.jobs import labelled_jobs
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import SCHEMA, SPLIT_SCHEMA
from captcha_core.data.split import split_of_digest
from captcha_core.errors import DataError
from captcha_core.files import PARQUET_SUFFIXES


def main(argv: list[str]) -> int:
    """Run the command; returns 0, and raises what a user can mend."""
    args = _parser().parse_args(argv)
    if args.output.suffix.lower() not in PARQUET_SUFFIXES:
        raise DataError(f"The output {args.output} is Parquet; give it a name that ends in .parquet.")
    checker = Checker()
    rows = _write(args, checker)
    by_split = ", ".join(f"{name} {rows[name]:,}" for name in ("train", "test")) if args.split is not None else ""
    print(
        f"wrote {args.output}: {rows.total():,} rows{f' ({by_split})' if by_split else ''}; left out "
        f"{checker.duplicates.count:,} duplicates, {checker.conflicts.count:,} conflicts, "
        f"{checker.unreadable.count:,} unreadable"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="Parquet, folder, CSV, TSV or picture")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the Parquet file to write")
    parser.add_argument("--split", type=_fraction, metavar="0.9", help="add train and test, this fraction being train")
    parser.add_argument("--from-split", metavar="NAME", help="of inputs that have a split column: which, or all")
    parser.add_argument("--image-column", metavar="NAME", help="column of the pictures (Parquet) or file names (CSV)")
    parser.add_argument("--label-column", metavar="NAME", help="column of the labels, if it is not label")
    parser.add_argument("--pattern", metavar="REGEX", help="where the label is in a file's name: (?P<label>...)")
    add_engine_arguments(parser, "decode")
    return parser


def _fraction(text: str) -> float:
    """Read the share of train, or tell argparse why it is none."""
    with suppress(ValueError):
        if 0 < float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1; 0.9 puts nine of ten pictures in train")


def _write(args: argparse.Namespace, checker: Checker) -> Counter[str | None]:
    """Write the rows that the checker lets through, and return how many there are of each split."""
    jobs = labelled_jobs(
        args.inputs,
        image_column=args.image_column,
        label_column=args.label_column,
        split=args.from_split,
        pattern=args.pattern,
    )
    parts = Parts(engine_of(args), args.output)
    rows = digested_rows(parts, jobs)
    written: Counter[str | None] = Counter()
    with ParquetWriter(args.output, schema=SCHEMA if args.split is None else SPLIT_SCHEMA) as writer:
        for sample, digest in checker.checked(tqdm(rows, unit=" pictures", disable=None)):
            split = None if args.split is None else split_of_digest(digest, args.split)
            writer.write(sample, split)
            written[split] += 1
        _list_problems(checker)
        if not written:
            parts.remove()
            raise DataError(f"No row could be read from {', '.join(map(str, args.inputs))}, so nothing was written.")
    parts.remove()
    return written


def _list_problems(checker: Checker) -> None:
    for line in checker.duplicates.lines("duplicates (an earlier picture again, with the same label)"):
        print(line, file=sys.stderr)
    for line in checker.unreadable.lines("unreadable rows"):
        print(line, file=sys.stderr)
    for line in checker.conflicts.lines("conflicts (one picture, two labels; the first is kept)"):
        print(line, file=sys.stderr)


if __name__ == "__main__":
    run(main)
