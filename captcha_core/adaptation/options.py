"""What an adaptation is told, kept beside its results."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path

OPTIONS_FILE = "adapt.json"
"""Name in the output folder; that it is there tells an adaptation from other runs."""


@dataclass(frozen=True)
class AdaptOptions:
    """Settings of one adaptation; how it learns follows from the number of pictures (docs/adapting.md).

    Attributes:
        checkpoint: The model that learns; its file is only read.
        data: Labelled pictures of the new captcha: Parquet files, folders, CSV or TSV files.
        output: Folder of the results; it must not hold another run.
        replay: More labelled pictures of what the model read before, to be repeated so that it is not forgotten.
        unlabelled: Pictures of the new captcha without labels: files, folders, Parquet files.
        split: Which rows of files that have a ``split`` column.
        image_column: Column of the pictures, if it is not the obvious one.
        label_column: Column of the labels, if it is not ``label``.
        seed: Where all randomness starts.
        threads: Threads of the arithmetic; None leaves torch's choice.
    """

    checkpoint: str
    data: tuple[str, ...]
    output: str
    replay: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    split: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not self.data:
            raise CaptchaLabError("--adapt needs labelled pictures of the new captcha; name them with --data.")
        if not 0 <= self.seed < 2**32:
            raise CaptchaLabError(f"--seed {self.seed}: give a number from 0 to 4294967295.")
        if self.threads is not None and self.threads < 1:
            raise CaptchaLabError(f"--threads {self.threads}: give 1 or more.")

    def save(self) -> None:
        """Write the options into the output folder, atomically."""
        with atomic_path(Path(self.output) / OPTIONS_FILE) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf8")

    @classmethod
    def load(cls, folder: str | Path) -> AdaptOptions:
        """Read what :meth:`save` wrote; the folder may have been moved since.

        Raises:
            CaptchaLabError: If the file is missing or damaged.
        """
        path = Path(folder) / OPTIONS_FILE
        try:
            values = json.loads(path.read_text(encoding="utf8"))
            lists = {name: tuple(values[name]) for name in ("data", "replay", "unlabelled")}
            return cls(**{**values, **lists, "output": str(folder)})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CaptchaLabError(f"{path} cannot be read ({error}); start anew in another folder.") from error
