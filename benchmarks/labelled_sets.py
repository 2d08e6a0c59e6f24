"""The labelled pictures that readers are compared on: which files, which rows, which characters."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.data.load import load_data
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.generate import encode_png
from captcha_core.imaging import load_image

STYLES = "zoo_dev"
"""Folder of the styles that no checkpoint of this project has learned from."""


@dataclass(frozen=True)
class LabelledSet:
    """One set of labelled pictures.

    Attributes:
        name: What it is called on the command line and in the figures.
        shown: What the table calls it.
        file: Its Parquet file, within the folder of the data.
        split: Which rows are measured.
        alphabet: The name of the characters that its texts are made of; None: those that occur in its labels.
        folded: Whether it is scored with case ignored: case cannot be seen in it, or tells nothing about the reader.
    """

    name: str
    shown: str
    file: str
    split: str = "all"
    alphabet: str | None = None
    folded: bool = False


PUBLISHED = (
    LabelledSet(
        "pycaptcha_digits4", "`captcha` package, 4 digits", "published/pycaptcha_digits4.parquet", alphabet="digits"
    ),
    LabelledSet("pycaptcha_ld5", "`captcha` package, 5 of 36", "published/pycaptcha_ld5.parquet", alphabet="lower36"),
    LabelledSet(
        "pycaptcha_ld5to8", "`captcha` package, 5 to 8 of 36", "published/pycaptcha_ld5to8.parquet", alphabet="lower36"
    ),
    LabelledSet("pycaptcha_62x5", "`captcha` package, 5 of 62", "published/pycaptcha_62x5.parquet", alphabet="mixed62"),
    LabelledSet("captcha_images_v2", "Captcha Version 2, test split", "captcha_images_v2.parquet", split="test"),
    LabelledSet("gregwar_150x40", "Gregwar captcha 150x40, test split", "gregwar_150x40.parquet", split="test"),
    LabelledSet("variable_4to8", "4 to 8 characters, 80 px", "variable_4to8_80px_test.parquet", folded=True),
)


@dataclass(frozen=True)
class Pictures:
    """The pictures of a set, as every reader gets them.

    Attributes:
        set: The set.
        images: PNG files, RGB. What a reader makes of transparency, palettes or rare formats is not asked here.
        labels: Their texts.
        alphabet: The characters that the texts are made of.
        fingerprint: Tells whether two sets of pictures are the same.
    """

    set: LabelledSet
    images: list[bytes]
    labels: list[str]
    alphabet: str
    fingerprint: str


def sets_in(data: Path) -> list[LabelledSet]:
    """Return the sets that a folder shall hold: the published ones, and every file among the unseen styles.

    Raises:
        CaptchaLabError: If one is missing.
    """
    styles = [
        LabelledSet(f"{STYLES}/{file.stem}", f"unseen style `{file.stem}`", f"{STYLES}/{file.name}", folded=True)
        for file in sorted((data / STYLES).glob("*.parquet"))
    ]
    missing = [s.file for s in PUBLISHED if not (data / s.file).is_file()] + ([] if styles else [f"{STYLES}/*.parquet"])
    if missing:
        raise CaptchaLabError(f"{data} lacks {', '.join(missing)}; give the folder of the labelled pictures (--data).")
    return [*PUBLISHED, *styles]


def choose_sets(sets: Sequence[LabelledSet], only: Sequence[str] | None) -> list[LabelledSet]:
    """Return the sets that are named, all without names; the folder of the styles names all of them.

    Raises:
        CaptchaLabError: If a name is unknown.
    """
    if only is None:
        return list(sets)
    known = {s.name for s in sets} | {STYLES}
    if unknown := [name for name in only if name not in known]:
        raise CaptchaLabError(f"There is no set {unknown[0]!r}; --only takes {', '.join(sorted(known))}.")
    return [s for s in sets if s.name in only or s.name.partition("/")[0] in only]


def load_pictures(data: Path, labelled: LabelledSet, limit: int | None = None) -> Pictures:
    """Return the pictures of a set, the first ``limit`` of them.

    Raises:
        DataError: If its file cannot be read or does not fit.
        ImageError: If a picture cannot be opened.
    """
    samples = list(load_data([data / labelled.file], split=labelled.split))
    used = samples[:limit]
    digest = hashlib.sha256()
    for sample in used:
        digest.update(f"{sample.label} {len(sample.image)} ".encode() + sample.image)
    in_labels = "".join(sorted({character for sample in samples for character in sample.label}))
    return Pictures(
        set=labelled,
        images=[encode_png(load_image(sample.image, sample.path)) for sample in used],
        labels=[sample.label for sample in used],
        alphabet=in_labels if labelled.alphabet is None else NAMED_ALPHABETS[labelled.alphabet],
        fingerprint=digest.hexdigest()[:12],
    )
