"""Writing folders of pictures with a ``labels.csv``, and adding to them: completely or not at all."""

from __future__ import annotations

import csv
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from captcha_core.data.folder import LABELS_FILE
from captcha_core.data.mapping import delimiter_of
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError

# What a file system or a shell may take for something else becomes "_"; the label itself stands in labels.csv.
_UNSAFE = re.compile(r"[^\w.-]|^[.-]")


class FolderWriter:
    """Writes samples as picture files with a ``labels.csv`` (file,label) into a new folder.

    The folder appears under its name only when the block succeeds: it is filled as a hidden folder beside it.
    A picture's file is named by the sample's ``path``, in which unsafe characters become ``_``.

    Args:
        path: The folder to make; what is above it is made if it is missing.

    Raises:
        CaptchaLabError: If there is something at ``path``, or the folder cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        """Remember where to write; nothing is made before the ``with`` block."""
        self._path = Path(path)
        self._temporary = self._path.parent / f".{self._path.name}.{secrets.token_hex(6)}"
        self._files: list[str] = []
        self._labels: TextIO
        # Where file and label stand among the columns.
        self._columns, self._file_at, self._label_at, self._delimiter = 2, 0, 1, ","

    def __enter__(self) -> FolderWriter:
        """Make the hidden folder and begin its ``labels.csv``."""
        with _plainly(self._path):
            self._check()
            self._temporary.mkdir(parents=True)
            try:
                newline = self._begin_labels(self._temporary / LABELS_FILE)
                self._labels = (self._temporary / LABELS_FILE).open("a", encoding="utf-8", newline="")
            except BaseException:
                shutil.rmtree(self._temporary, ignore_errors=True)
                raise
        self._rows = csv.writer(self._labels, delimiter=self._delimiter, lineterminator=newline)
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        """Give everything its name, or leave no trace if the block failed."""
        try:
            if kind is None:
                with _plainly(self._path):
                    self._labels.close()
                    # One call for all files: a power cut must not leave empty ones under a name that says complete.
                    if hasattr(os, "sync"):
                        os.sync()
                    self._publish()
        finally:
            with suppress(OSError):
                self._labels.close()
            shutil.rmtree(self._temporary, ignore_errors=True)

    def write(self, sample: Sample) -> None:
        """Add one picture; its ``path`` must be of no other picture in the folder."""
        name = _UNSAFE.sub("_", sample.path)
        with _plainly(self._path):
            with (self._temporary / name).open("xb") as file:
                file.write(sample.image)
            row = [""] * self._columns
            row[self._file_at], row[self._label_at] = name, sample.label
            self._rows.writerow(row)
        self._files.append(name)

    def _check(self) -> None:
        if self._path.exists():
            raise DataError(f"{self._path} exists already; give another name, or add to it with --extend.")

    def _begin_labels(self, labels: Path) -> str:
        """Write what stands above the new rows, and return how its lines end."""
        labels.write_text("file,label\n", encoding="utf-8")
        return "\n"

    def _publish(self) -> None:
        self._temporary.rename(self._path)


class FolderExtension(FolderWriter):
    """Adds samples to a folder with a ``labels.csv``, whose lines stay as they are, byte for byte.

    The new pictures are moved in when all of them are there, and the new ``labels.csv`` takes the old one's place last,
    in one step: until then the folder reads as before.

    Args:
        path: The folder.

    Raises:
        CaptchaLabError: If there is no such folder, its ``labels.csv`` is missing or has no columns ``file`` and
            ``label``, or it cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        """Remember where to write."""
        super().__init__(path)
        # Inside, since a folder may be a file system of its own, across whose border nothing is moved in one step.
        self._temporary = self._path / f".{secrets.token_hex(6)}"

    def _check(self) -> None:
        if not (self._path / LABELS_FILE).is_file():
            raise DataError(
                f"{self._path} has no {LABELS_FILE} to add to; make_dataset.py makes a Parquet file of its pictures, "
                "which can be extended."
            )

    def _begin_labels(self, labels: Path) -> str:
        old = self._path / LABELS_FILE
        shutil.copyfile(old, labels)
        with old.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            first = text.readline()
        self._read_header(first)
        newline = "\r\n" if first.endswith("\r\n") else "\n"
        with labels.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                file.write(newline.encode())
        return newline

    def _read_header(self, line: str) -> None:
        """Find the columns as :func:`captcha_core.data.folder.iter_csv` does."""
        self._delimiter = delimiter_of(line)
        names = [name.strip() for name in next(csv.reader([line], delimiter=self._delimiter), [])]
        if not {"file", "label"} <= set(names):
            seen = ", ".join(names) or "nothing"
            raise DataError(
                f"{self._path / LABELS_FILE} names {seen} in its first line, and not file and label; mend that line."
            )
        self._columns, self._file_at, self._label_at = len(names), names.index("file"), names.index("label")

    def _publish(self) -> None:
        moved: list[Path] = []
        try:
            for name in self._files:
                target = self._path / name
                if target.exists():
                    raise FileExistsError(None, "a picture has the name of a new one", str(target))
                moved.append(target)
                (self._temporary / name).rename(target)
            (self._temporary / LABELS_FILE).replace(self._path / LABELS_FILE)
        except BaseException:
            # Where labels.csv has gone over, so has everything, whatever came after.
            if (self._temporary / LABELS_FILE).exists():
                for target in moved:
                    target.unlink(missing_ok=True)
            raise


@contextmanager
def _plainly(path: Path) -> Iterator[None]:
    """Turn what the system says of writing into one sentence about the folder that the user named."""
    try:
        yield
    except OSError as error:
        raise CaptchaLabError(
            f"Cannot write {path}: {error.strerror or error}. Choose another place or free some space."
        ) from error
