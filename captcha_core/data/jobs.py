"""Labelled pictures as jobs: where a few hundred rows are, for whichever process is to read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from captcha_core.data.cutting import in_jobs
from captcha_core.data.folder import Entries, Listed, list_csv, list_files, list_folder
from captcha_core.data.inputs import TABLE_SUFFIXES, inputs_to_read
from captcha_core.data.schema import Sample
from captcha_core.data.slices import labelled_slices
from captcha_core.errors import CaptchaLabError
from captcha_core.files import version_of


class LabelledJob(Protocol):
    """Rows that are read together."""

    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Yield them, with an error in place of one that cannot be read."""
        ...


@dataclass(frozen=True)
class FileList:
    """Picture files, or why there is none, each with the size and time of the file."""

    entries: tuple[tuple[Listed | CaptchaLabError, tuple[int, int]], ...]

    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Read the files."""
        for entry, _ in self.entries:
            yield entry.sample() if isinstance(entry, Listed) else entry


def labelled_jobs(
    inputs: Sequence[str | Path],
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    split: str | None = None,
    pattern: str | None = None,
) -> Iterator[LabelledJob]:
    """Yield the jobs of any mix of inputs; the arguments are those of :func:`captcha_core.data.load.load_data`.

    Raises:
        DataError: If an input as a whole cannot be read or does not fit; all inputs are looked at before the first
            job comes.
    """
    files, splits = inputs_to_read(inputs, split)
    for file in files:
        if file in splits:
            yield from labelled_slices(file, image_column, label_column, splits[file])
        elif file.is_dir():
            yield from _file_lists(list_folder(file, pattern))
        elif file.suffix.lower() in TABLE_SUFFIXES:
            yield from _file_lists(list_csv(file, file_column=image_column, label_column=label_column))
        else:
            yield from _file_lists(list_files([file], pattern))


def _file_lists(entries: Entries) -> Iterator[FileList]:
    versions = ((entry, version_of(entry.file) if isinstance(entry, Listed) else (0, 0)) for entry in entries)
    yield from map(FileList, in_jobs(versions))
