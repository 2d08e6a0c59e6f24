"""Measure a trained checkpoint on labelled pictures, and look at what it read.

python evaluate.py data/test.parquet --json result.json --report result/ --view result.html

Prints the figures, a few samples, the worst pictures and the confusions. A picture that cannot be opened counts as
read wrong. exact_match is case-sensitive; exact_match_folded, beside it, is not.

--view shows each picture with the attempt: a page (at most 500 pictures) or a contact sheet (at most 100). Where there
are more, the mistakes that the model was surest of get three fifths of the places and what the right ones leave free.
The figures and the headings count every picture, whether it is shown or not.

python evaluate.py --sweep --count 200 --report audit/
python evaluate.py --sweep data/mine.parquet --checkpoint A.safetensors --checkpoint B.safetensors --json audit.json

--audit asks which labels are wrong. Models that learn from two thirds of the pictures read the others (minutes); with
--view x.html the page shows the mistakes that they are surest of first, which are the labels to look at.

--sweep asks how strong a captcha is: each distortion in turn goes from none to extreme, all else stays as it is, and
the same texts are read at every strength. Without DATA it sweeps the generator's style, changed by --set; with DATA the
distortions are laid over --count of its pictures. --report then writes sweep.html and sweep.png.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.cli import run
from captcha_core.cluster.arguments import add_engine_arguments, engine_of, is_default, threads_of
from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.view import check_view_path
from captcha_core.files import atomic_path

if TYPE_CHECKING:
    from captcha_core.cluster.reading import Read
    from captcha_core.data.schema import Sample
    from captcha_core.evaluation.measure import Evaluation
    from captcha_core.recognizer import Recognizer


SWEEP_STEPS = 6
"""Strengths beside none, per distortion."""

MOST_MODELS = 6
"""Most models of one sweep, which its plots can tell apart."""


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    description, _, epilog = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="evaluate.py", description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="*", type=Path, metavar="DATA", help="Parquet, folder, CSV or TSV with labels")
    checkpoint_help = "default: the latest in saved_models/; with --sweep, give it again for another model"
    parser.add_argument("--checkpoint", type=Path, action="append", metavar="FILE", help=checkpoint_help)
    parser.add_argument("--split", metavar="NAME", help="rows of this split; all for every row")
    parser.add_argument("--image-column", metavar="NAME", help="Parquet column of the pictures (default: image)")
    parser.add_argument("--label-column", metavar="NAME", help="Parquet column of the labels (default: label)")
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="pictures read at once (default: 32)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write reliability and confusion plots, and tables")
    parser.add_argument("--view", type=Path, metavar="FILE", help="show each picture with the attempt: x.html or x.png")
    audit_help = "list labels that are probably wrong: train on a part, in minutes, and read the rest"
    parser.add_argument("--audit", action="store_true", help=audit_help)
    add_engine_arguments(parser, "read")
    sweep = parser.add_argument_group("how strong is it?")
    sweep.add_argument("--sweep", action="store_true", help="sweep each distortion from none to extreme")
    sweep.add_argument("--count", type=int, default=100, metavar="N", help="pictures per strength (default: 100)")
    sweep.add_argument("--seed", type=int, default=0, metavar="N", help="of the pictures and distortions (default: 0)")
    set_help = "a setting of the generator's style, such as rotation=30; see captcha_generator.py --help"
    sweep.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=set_help)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure what the arguments name; return the exit code."""
    options = parse_arguments(arguments)
    check_options(options)
    if options.sweep:
        return sweep(options)
    if options.audit:
        return audit(options)
    # Torch takes seconds to import; --help need not wait for it.
    from captcha_core.evaluation.measure import alphabet_note, evaluate_reads
    from captcha_core.evaluation.report import format_details, format_figures
    from captcha_core.recognizer import Recognizer, default_checkpoint

    checkpoint = options.checkpoint[0] if options.checkpoint else default_checkpoint()
    recognizer = Recognizer(checkpoint, threads_of(options))
    evaluation = evaluate_reads(reads_of(options, recognizer, checkpoint), recognizer.model_id)
    note = alphabet_note(evaluation.labels, recognizer.alphabet)
    title = f"{recognizer.model_id} on {', '.join(map(str, options.data))}"
    print(f"{title}\n\n{format_figures(evaluation)}")
    if note:
        print(f"\nNote: {note}")
    print(f"\n{format_details(evaluation)}")
    written = write_files(options, evaluation, recognizer.model_id, title, note, samples_of(options, "showing"))
    if written:
        print(f"\nWritten: {', '.join(map(str, written))}")
    return 0


def check_options(options: argparse.Namespace) -> None:
    """Refuse what cannot be done, and what would replace the data or come to lie among its pictures.

    Raises:
        CaptchaLabError: If an option is one of these.
    """
    check_sweep(options)
    if (options.sweep or options.audit) and not is_default(options):
        raise CaptchaLabError("--engine, --address and --workers do not go with --sweep and --audit; leave them out.")
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


def check_sweep(options: argparse.Namespace) -> None:
    """Refuse options that go with a sweep alone, or not with one, and numbers out of range.

    Raises:
        CaptchaLabError: If there is such an option.
    """
    if options.audit and options.sweep:
        raise CaptchaLabError("--audit does not go with --sweep; ask for one of them.")
    if not options.sweep:
        if not options.data:
            raise CaptchaLabError("No DATA is named; give labelled pictures, or --sweep for the generator's style.")
        if len(options.checkpoint or []) > 1 or options.set:
            raise CaptchaLabError("Several --checkpoint and --set go with --sweep; add it, or leave them out.")
        return
    if options.view is not None:
        raise CaptchaLabError("--view does not go with --sweep; use --report for a page and a picture.")
    if options.set and options.data:
        raise CaptchaLabError("--set changes the generator's style, which is not drawn with DATA; leave out either.")
    if len(options.checkpoint or []) > MOST_MODELS:
        raise CaptchaLabError(f"{len(options.checkpoint)} --checkpoint: at most {MOST_MODELS} go into one sweep.")
    if not 1 <= options.count <= 100_000 or not 0 <= options.seed < 2**32:
        raise CaptchaLabError(
            f"--count {options.count} --seed {options.seed}: give 1 to 100000 pictures and a seed from 0 to 4294967295."
        )


def sweep(options: argparse.Namespace) -> int:
    """Measure how each distortion keeps the models from reading; return the exit code."""
    from tqdm import tqdm

    from captcha_core.evaluation.sweep import SweepRun
    from captcha_core.evaluation.sweep_distortions import Swept
    from captcha_core.evaluation.sweep_overlays import choose_pictures
    from captcha_core.evaluation.sweep_report import format_sweep, write_json, write_sweep
    from captcha_core.evaluation.sweep_style import DrawnStyle, settings_of
    from captcha_core.recognizer import Recognizer, default_checkpoint

    models = [Recognizer(path) for path in options.checkpoint or [default_checkpoint()]]
    if options.data:
        title = ", ".join(path.name for path in options.data)
        swept: Swept = choose_pictures(samples_of(options, "choosing"), options.count, options.seed, title)
    else:
        title = " ".join(["The generator's style", *options.set])
        swept = DrawnStyle(settings_of(options.set), options.seed, options.count, title)
    sweep_run = SweepRun(swept, {model.model_id: model for model in models}, SWEEP_STEPS)
    for _ in tqdm(sweep_run, total=sweep_run.total, unit=" strengths", desc="sweeping"):
        pass
    result = sweep_run.result()
    print(format_sweep(result))
    if options.json is not None:
        write_json(result, options.json)
    if options.report is not None:
        written = write_sweep(result, options.report)
        print(f"\nWritten: {', '.join(map(str, written))}")
    return 0


AUDIT_NOTE = (
    "Each picture was read by a model that had learned from other pictures and labels alone. Where it is sure of "
    "another text than the label, the label is probably wrong: look at those first."
)


def audit(options: argparse.Namespace) -> int:
    """List the labels that are probably wrong; return the exit code."""
    from tqdm import tqdm

    from captcha_core.adaptation import AdaptOptions
    from captcha_core.adaptation.audit import audit_labels
    from captcha_core.evaluation.report import format_suspects
    from captcha_core.recognizer import default_checkpoint

    checkpoint = str(options.checkpoint[0] if options.checkpoint else default_checkpoint())
    columns = {"image_column": options.image_column, "label_column": options.label_column}
    data = tuple(map(str, options.data))
    evaluation, samples = audit_labels(AdaptOptions(checkpoint, data, "", split=options.split, **columns), tqdm)
    print(format_suspects(evaluation))
    title = f"The labels of {', '.join(data)}, checked with {Path(checkpoint).stem}"
    written = write_files(options, evaluation, Path(checkpoint).stem, title, AUDIT_NOTE, samples)
    if written:
        print(f"\nWritten: {', '.join(map(str, written))}")
    return 0


def reads_of(options: argparse.Namespace, recognizer: Recognizer, checkpoint: Path) -> Iterator[Read]:
    """Let the engine read the labelled pictures, under a progress bar."""
    from tqdm import tqdm

    from captcha_core.cluster.reading import Labelled, ReadStage, read_pictures
    from captcha_core.data.jobs import labelled_jobs

    stage = ReadStage.of(recognizer, checkpoint, batch_size=options.batch_size, threads=threads_of(options))
    columns = {"image_column": options.image_column, "label_column": options.label_column}
    jobs = map(Labelled, labelled_jobs(options.data, **columns, split=options.split))
    yield from tqdm(read_pictures(engine_of(options), stage, jobs), unit=" pictures", desc="reading")


def samples_of(options: argparse.Namespace, verb: str) -> Iterator[Sample]:
    """Stream the labelled pictures under a progress bar."""
    from tqdm import tqdm

    from captcha_core.data.load import load_data

    columns = {"image_column": options.image_column, "label_column": options.label_column}
    yield from tqdm(load_data(options.data, **columns, split=options.split), unit=" pictures", desc=verb)


def write_files(
    options: argparse.Namespace,
    evaluation: Evaluation,
    model_id: str,
    title: str,
    note: str | None,
    samples: Iterable[Sample],
) -> list[Path]:
    """Write what was asked for; return the paths, without the figures'. The samples are those that were read."""
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
        write_view(options.view, evaluation, samples, title, note)
        written.append(options.view)
    return written


if __name__ == "__main__":
    run(main)
