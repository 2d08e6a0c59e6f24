"""The model card of an adapted checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from captcha_core.adaptation.options import AdaptOptions
from captcha_core.adaptation.rounds import Round
from captcha_core.adaptation.scores import Scores
from captcha_core.adaptation.unlabelled import SURE
from captcha_core.checkpoint_meta import CheckpointMeta
from captcha_core.constraint import Constraint
from captcha_core.files import atomic_path


def write_card(
    path: Path,
    options: AdaptOptions,
    meta: CheckpointMeta,
    before: tuple[Scores, Scores],
    after: tuple[Scores, Scores],
    share: float,
    rounds: Sequence[Round],
) -> None:
    """Write what an adapted model learned from and what it reads, as Markdown, atomically.

    Args:
        path: Where to write.
        options: What the adaptation was told.
        meta: The adapted model's description.
        before: Scores of the model that it was, on the new captcha and on what it read before.
        after: Those of the adapted model; on the new captcha by pictures that were held out.
        share: How far its weights went from the old ones to what was learned.
        rounds: All rounds, where pictures without labels were learned from.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(_text(path.stem, options, meta, before, after, share, rounds), encoding="utf8")


def _text(
    name: str,
    options: AdaptOptions,
    meta: CheckpointMeta,
    before: tuple[Scores, Scores],
    after: tuple[Scores, Scores],
    share: float,
    rounds: Sequence[Round],
) -> str:
    expected = meta.constraint() or Constraint()
    data = meta.training_data[-1]
    given = f" and from {', '.join(Path(p).name for p in options.replay)}" if options.replay else ""
    return f"""# {name}

`{Path(options.checkpoint).name}`, adapted to one more captcha by `train.py --adapt`.

**Learned from** {data["rows"]} labelled pictures ({data["name"]}; fingerprint `{data["fingerprint"]}`), among drawn
pictures{given}, such as it had read before. Seed {options.seed}.

**Expects** {expected.lengths}, of `{expected.allowed}`. Whatever else is asked for (`predict.py --allow`, `--length`,
"Restrict" on the page) takes the place of this.

{_table(before, after)}

The column of the new captcha is cross-validated: three trainings, each read the third of the pictures that it had not
learned from, with the weights and the share ({share:g}) of their way from the old ones that read them best. This model
is the mean of the three. The model before was told what texts to expect, too. What that one had learned from is said by
its own card.
{_rounds(rounds)}"""


def _rounds(rounds: Sequence[Round]) -> str:
    if not rounds:
        return ""
    lines = "\n".join(f"| {r.number} | {r.read} | {100 * r.scores.folded:.1f}% |" for r in rounds)
    return f"""
**Pictures without labels.** In each round after the first, every training also learned what its own model of the round
before was sure of (confidence {SURE} and above). The best round was kept.

| round | readings learned as labels | held out, right in any case |
|---|---|---|
{lines}
"""


def _table(before: tuple[Scores, Scores], after: tuple[Scores, Scores]) -> str:
    """Return the scores, a column per kind of picture, which fits on a phone."""
    lines = ["| | the new captcha | drawn, of any look |", "|---|---|---|"]
    lines.append("| pictures | " + " | ".join(str(scores.count) for scores in after) + " |")
    for words, name in (("exact match", "exact"), ("in any case", "folded"), ("CER", "cer")):
        for when, pair in (("before", before), ("after", after)):
            figures = " | ".join(f"{100 * getattr(scores, name):.1f}%" for scores in pair)
            lines.append(f"| {words}, {when} | {figures} |")
    return "\n".join(lines)
