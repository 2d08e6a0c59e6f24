"""A data set that captchas go to, Parquet or folder, and the test set beside it."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from captcha_core.data.folder import LABELS_FILE, iter_csv, visible_entries
from captcha_core.data.folder_writer import FolderExtension, FolderWriter
from captcha_core.data.parquet import ParquetWriter, iter_pictures
from captcha_core.data.schema import ALL_SPLITS, Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.files import PARQUET_SUFFIXES
from captcha_core.generator.parquet_extension import ParquetExtension

TEST_SUFFIX = "_test"


class Writer(Protocol):
    """What takes the rows of a set, inside a ``with`` block."""

    def write(self, sample: Sample) -> None:
        """Add one row."""


@dataclass(frozen=True)
class DataSet(ABC):
    """A place for labelled pictures, which may not exist yet.

    Attributes:
        path: A file or a folder.
    """

    path: Path

    @abstractmethod
    def is_there(self) -> bool:
        """Tell whether there is such a set."""

    @abstractmethod
    def created(self) -> AbstractContextManager[Writer]:
        """Return a writer of a new set; nothing is there before its block succeeds."""

    @abstractmethod
    def extended(self) -> AbstractContextManager[Writer]:
        """Return a writer that adds rows; until its block succeeds the set is as it was."""

    @abstractmethod
    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Stream what is there, with an error in place of a row that cannot be read."""

    @abstractmethod
    def names(self) -> Iterable[str]:
        """Return the names that are taken in it whether or not they are of rows."""

    @abstractmethod
    def remove(self) -> None:
        """Remove it, if it is there."""

    @abstractmethod
    def _renamed(self, stem: str) -> DataSet:
        """Return the set of that name beside this one."""

    @property
    @abstractmethod
    def _stem(self) -> str:
        """The name without what tells the kind of set."""

    def test_set(self) -> DataSet:
        """Return its test set, there or not: ``x_test.parquet`` of ``x.parquet``, ``x_test`` of the folder ``x``."""
        return self._renamed(self._stem + TEST_SUFFIX)

    def companions(self) -> list[DataSet]:
        """Return those that are there of its test set and the set that it is the test set of."""
        found = [self.test_set()]
        stem = self._stem.removesuffix(TEST_SUFFIX)
        if stem not in ("", self._stem):
            found.append(self._renamed(stem))
        return [other for other in found if other.is_there()]


class ParquetSet(DataSet):
    """A Parquet file."""

    def is_there(self) -> bool:
        """Tell whether there is such a file."""
        return self.path.is_file()

    def created(self) -> AbstractContextManager[Writer]:
        """Return a writer that replaces a file of that name."""
        return ParquetWriter(self.path)

    def extended(self) -> AbstractContextManager[Writer]:
        """Return a writer that adds rows."""
        return ParquetExtension(self.path)

    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Stream the rows of every split; labels come empty."""
        return iter_pictures(self.path, split=ALL_SPLITS)

    def names(self) -> Iterable[str]:
        """Return nothing: all names are of rows."""
        return ()

    def remove(self) -> None:
        """Remove the file."""
        with suppress(OSError):
            self.path.unlink()

    def _renamed(self, stem: str) -> DataSet:
        return ParquetSet(self.path.with_name(stem + self.path.suffix))

    @property
    def _stem(self) -> str:
        return self.path.stem


class FolderSet(DataSet):
    """A folder of pictures with a ``labels.csv``."""

    def is_there(self) -> bool:
        """Tell whether there is such a folder; one without ``labels.csv`` may be anything."""
        return (self.path / LABELS_FILE).is_file()

    def created(self) -> AbstractContextManager[Writer]:
        """Return a writer that refuses a folder which is there."""
        return FolderWriter(self.path)

    def extended(self) -> AbstractContextManager[Writer]:
        """Return a writer that adds pictures."""
        return FolderExtension(self.path)

    def rows(self) -> Iterator[Sample | CaptchaLabError]:
        """Stream the labelled pictures."""
        return iter_csv(self.path / LABELS_FILE)

    def names(self) -> Iterable[str]:
        """Return the names of all files."""
        return (entry.name for entry in visible_entries(self.path))

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _renamed(self, stem: str) -> DataSet:
        return FolderSet(self.path.with_name(stem))

    @property
    def _stem(self) -> str:
        return self.path.name


def data_set(path: str | Path) -> DataSet:
    """Return the set that a path stands for: Parquet by its ending, a folder if it is one or has no ending.

    Raises:
        DataError: If the path ends like a file of another kind.
    """
    path = Path(path)
    if path.is_dir() or not path.suffix:
        # "." and ".." have no name that one could be made of for the test set.
        return FolderSet(Path(os.path.abspath(path)) if path.name in ("", "..") else path)
    if path.suffix.lower() in PARQUET_SUFFIXES:
        return ParquetSet(path)
    raise DataError(
        f"{path} ends in {path.suffix}; give a name that ends in .parquet, or one without ending for a folder."
    )
