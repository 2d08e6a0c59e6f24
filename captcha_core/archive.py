"""The gate for zip archives of strangers: pictures out, one at a time, and nothing onto the disk.

What an archive says about itself is not believed: entries and bytes are counted while they are read. Only the plain
kinds of entry are read, since the decoders of the others cannot be told to stop in time. A name is text to show and
never a place on the disk.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from captcha_core.data.folder import LABELS_FILE
from captcha_core.data.mapping import Mapped, iter_mapping
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.imaging import PICTURE_SUFFIXES
from captcha_core.pictures import natural_key
from captcha_core.recognizer import NamedSource

ARCHIVE_SUFFIXES = frozenset({".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"})
"""Endings of file names, in lower case, that stand for an archive; of these only zip is read."""

LONGEST_NAME = 200
"""Names are cut to so many characters, with an ellipsis in front."""

_ENTRY_MARK = b"PK\x01\x02"
_ENCRYPTED = 0x1
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BLOCK = 1 << 16

_PICTURE, _TABLE, _FOLDER = "picture", "table", "folder"
_HIDDEN, _LINK, _OTHER = _PASSED_OVER = ("hidden", "linked", "not pictures")


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold; more is refused.

    Attributes:
        entries: Most entries, pictures or not.
        entry_bytes: Most bytes of one picture or table of labels, unpacked.
        total_bytes: Most bytes of all that is unpacked.
    """

    entries: int = 10_000
    entry_bytes: int = 5 << 20
    total_bytes: int = 256 << 20


class PictureArchive:
    """The pictures of an open archive, in natural order (2.png before 10.png). Make one with :func:`open_archive`.

    Attributes:
        names: What to call each picture: its name in the archive, with a mark for what cannot be printed.
        labels: Label of every picture that a ``labels.csv`` beside it names, by the picture's place in ``names``.
        has_table: Whether there is such a file.
        notes: What was passed over, a sentence for each kind.
    """

    def __init__(self, archive: zipfile.ZipFile, name: str, limits: ArchiveLimits) -> None:
        """Sort the entries of an archive that ``name`` stands for in messages.

        Raises:
            DataError: If it holds an archive or an encrypted entry.
        """
        self._archive, self._name, self._limits = archive, name, limits
        self._left = limits.total_bytes
        passed_over: Counter[str] = Counter()
        found: list[zipfile.ZipInfo] = []
        tables: list[zipfile.ZipInfo] = []
        for entry in archive.infolist():
            kind = self._kind(entry)
            if kind == _PICTURE:
                found.append(entry)
            elif kind == _TABLE:
                tables.append(entry)
            else:
                passed_over[kind] += 1
        self._entries = sorted(found, key=lambda e: (natural_key(e.filename[:LONGEST_NAME]), e.filename))
        self.names = [shown_name(entry.filename) for entry in self._entries]
        listed = ", ".join(f"{passed_over[kind]:,} {kind}" for kind in _PASSED_OVER if passed_over[kind])
        self.notes = [f"{name}: passed over {listed}."] if listed else []
        self.has_table = bool(tables)
        self.labels: Mapping[int, str] = self._read_labels(tables) if tables else {}

    def pictures(self) -> Iterator[NamedSource]:
        """Yield every picture's bytes, or why it cannot be unpacked.

        Raises:
            DataError: If all together unpack to more than ``total_bytes``.
        """
        for name, entry in zip(self.names, self._entries, strict=True):
            try:
                data = self._unpacked(entry)
            except ImageError as error:
                yield NamedSource(name, error)
            else:
                yield NamedSource(name, data)

    def _kind(self, entry: zipfile.ZipInfo) -> str:
        """Return ``_PICTURE``, ``_TABLE``, ``_FOLDER``, or under which word an entry is passed over."""
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts if part not in ("..", "."))
        if not path.name or entry.filename.endswith(("/", "\\")):
            return _FOLDER
        if hidden:
            return _HIDDEN
        if entry.flag_bits & _ENCRYPTED:
            raise DataError(f"{self._name} is encrypted; zip the pictures again without a password.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            return _LINK
        suffix = path.suffix.lower()
        if suffix in ARCHIVE_SUFFIXES:
            inner = shown_name(entry.filename)
            raise DataError(f"{self._name} holds another archive, {inner}; zip the pictures themselves.")
        if path.name == LABELS_FILE:
            return _TABLE
        return _PICTURE if suffix in PICTURE_SUFFIXES else _OTHER

    def _unpacked(self, entry: zipfile.ZipInfo) -> bytes:
        """Return the bytes of an entry.

        Raises:
            DataError: If the archive has then unpacked to more than it may.
            ImageError: If the entry is damaged, too large or compressed in another way.
        """
        name = shown_name(entry.filename)
        if entry.compress_type not in _READ:
            raise ImageError(f"{name} is compressed in a way that is not read; zip it again with the usual settings.")
        most = min(self._limits.entry_bytes, self._left)
        blocks: list[bytes] = []
        size = 0
        try:
            with self._archive.open(entry) as file:
                while size <= most and (block := file.read(_BLOCK)):
                    blocks.append(block)
                    size += len(block)
        except Exception as error:  # As in imaging: a hostile entry can make the decoder raise anything.
            raise ImageError(f"{name} is damaged in the archive; zip it again.") from error
        finally:
            self._left -= size
        if self._left < 0:
            raise DataError(
                f"{self._name} unpacks to more than {self._limits.total_bytes >> 20} MB; split it into several."
            )
        if size > self._limits.entry_bytes:
            raise ImageError(
                f"{name} is larger than {self._limits.entry_bytes >> 20} MB; crop or shrink it to the text."
            )
        return b"".join(blocks)

    def _read_labels(self, tables: list[zipfile.ZipInfo]) -> dict[int, str]:
        """Return the labels that the tables give to pictures beside them, and note what of them cannot be used."""
        places = {_key(entry.filename): place for place, entry in enumerate(self._entries)}
        labels: dict[int, str] = {}
        for table in tables:
            name = shown_name(table.filename)
            folder = PurePosixPath(table.filename.replace("\\", "/")).parent
            try:
                text = io.TextIOWrapper(io.BytesIO(self._unpacked(table)), "utf-8-sig", newline="")
                lines = [line for line in iter_mapping(text, name) if isinstance(line, Mapped)]
            except CaptchaLabError:
                self.notes.append(f"{name} cannot be used; it must be UTF-8 text whose first line is file,label.")
                continue
            for line in lines:
                place = places.get(_key(str(folder / line.file)))
                if place is not None:
                    labels[place] = line.label
        return labels


@contextmanager
def open_archive(path: Path, name: str, limits: ArchiveLimits | None = None) -> Iterator[PictureArchive]:
    """Open a zip archive for reading its pictures.

    Folders are entered; links, hidden files, macOS's own (``__MACOSX``) and what is no picture by its name are passed
    over.

    Args:
        path: The file.
        name: What to call it in messages.
        limits: What it may hold; None takes the usual.

    Raises:
        DataError: If it is no whole zip archive, is encrypted, holds an archive, or holds more than it may.
    """
    limits = limits or ArchiveLimits()
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb"))
        except OSError as error:
            raise DataError(f"{name} cannot be opened; send it again.") from error
        # Python makes an object of every entry when it opens an archive, whatever the archive says that it holds.
        if _count(file, _ENTRY_MARK, limits.entries) > limits.entries:
            raise DataError(f"{name} holds more than {limits.entries:,} files; split it into several.")
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
        except Exception as error:  # As above.
            raise DataError(f"{name} is not a whole zip file; zip the pictures again.") from error
        yield PictureArchive(archive, name, limits)


def shown_name(name: str) -> str:
    """Return a name as it can be shown and stored: no longer than ``LONGEST_NAME``, a mark for the unprintable."""
    if len(name) > LONGEST_NAME:
        name = "…" + name[1 - LONGEST_NAME :]
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def _count(file: BinaryIO, mark: bytes, enough: int) -> int:
    """Return how often a file holds the mark, at least; counting stops above ``enough``."""
    count, tail = 0, b""
    file.seek(0)
    while count <= enough and (block := file.read(1 << 20)):
        count += (tail + block).count(mark)
        tail = (tail + block)[1 - len(mark) :]
    file.seek(0)
    return count


def _key(path: str) -> str:
    """Return a path inside an archive without what changes nothing, such as ``./``."""
    return str(PurePosixPath(path.replace("\\", "/")))
