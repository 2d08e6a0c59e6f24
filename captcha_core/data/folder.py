"""Labelled pictures in folders and in CSV or TSV mappings.

The readers go on after a row that cannot be read: it comes out as the :class:`CaptchaLabError` which says why, in
its place, so that ``make_dataset.py`` can count and list such rows while other callers raise it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from captcha_core.data.mapping import Mapped, iter_mapping
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.imaging import PICTURE_SUFFIXES, read_picture

LABELS_FILE = "labels.csv"

# A label in a file's name holds no "_" and no white space unless the user's own pattern says otherwise.
_LABEL_FIRST = re.compile(r"(?P<label>[^_\s]+)(_\d+)?")
_NUMBER_FIRST = re.compile(r"\d+_(?P<label>[^_\s]+)")
# A longer name is a sentence or a fingerprint.
_LONGEST_LABEL = 32
# What cameras and programs call a picture of which they know nothing.
_USUAL_NAMES = frozenset(
    ("captcha", "download", "file", "image", "img", "photo", "picture", "sample", "scan", "screenshot", "unnamed")
)


class Listed(NamedTuple):
    """A picture file with its label, not opened yet.

    Attributes:
        file: Its absolute path: who opens it may work in another folder.
        label: The text in it.
        name: What rows and messages call it.
        source: As in :class:`captcha_core.data.schema.Sample`.
        where: The line that names it, for messages.
    """

    file: Path
    label: str
    name: str
    source: str
    where: str | None = None

    def sample(self) -> Sample | CaptchaLabError:
        """Read the file, or say why it cannot be read."""
        try:
            return Sample(read_picture(self.file, name=self.name), self.label, self.name, self.source)
        except ImageError as error:
            return error if self.where is None else DataError(f"{self.where}: {error}")


Entries = Iterator[Listed | CaptchaLabError]


def opened_entries(entries: Entries) -> Iterator[Sample | CaptchaLabError]:
    """Read the files one by one."""
    return (entry.sample() if isinstance(entry, Listed) else entry for entry in entries)


def visible_entries(folder: str | Path) -> list[Path]:
    """Return what is in a folder, sorted by name, without hidden entries.

    Raises:
        DataError: If there is no such folder or it cannot be listed.
    """
    try:
        return sorted(entry for entry in Path(folder).iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be listed ({error.strerror}); check the path and its permissions.") from error


def picture_files(folder: str | Path) -> list[Path]:
    """Return the picture files of a folder, sorted by name; neither hidden ones nor those of its folders.

    Raises:
        DataError: If there is no such folder or it holds no pictures.
    """
    entries = visible_entries(folder)
    files = [entry for entry in entries if entry.suffix.lower() in PICTURE_SUFFIXES and entry.is_file()]
    if not files:
        inner = ", ".join(entry.name for entry in entries if entry.is_dir())
        remedy = f"name its folders instead: {inner}" if inner else "name one that does"
        raise DataError(f"{folder} holds no pictures; {remedy}.")
    return files


def iter_folder(path: str | Path, pattern: str | None = None) -> Iterator[Sample | CaptchaLabError]:
    """Stream a folder of labelled pictures, with an error in place of an unreadable one; see :func:`list_folder`."""
    return opened_entries(list_folder(path, pattern))


def list_folder(path: str | Path, pattern: str | None = None) -> Entries:
    """List a folder of labelled pictures.

    The labels are those of the folder's ``labels.csv`` (see :func:`list_csv`) if it has one and no pattern is
    given, else they are in the names of the files (see :func:`list_files`).

    Args:
        path: The folder; folders in it are not entered.
        pattern: As for :func:`list_files`.

    Yields:
        The pictures sorted by name, or in the order of ``labels.csv``; an error in place of one without a label.

    Raises:
        DataError: If there are no pictures, or labels cannot be told from the names.
    """
    mapping = Path(path) / LABELS_FILE
    if pattern is None and mapping.is_file():
        yield from list_csv(mapping)
    else:
        yield from list_files(picture_files(path), pattern)


def iter_files(files: Iterable[Path], pattern: str | None = None) -> Iterator[Sample | CaptchaLabError]:
    """Stream picture files whose names are their labels, with errors for unreadable ones; see :func:`list_files`."""
    return opened_entries(list_files(files, pattern))


def list_files(files: Iterable[Path], pattern: str | None = None) -> Entries:
    r"""List picture files whose names are their labels.

    Without a pattern, all names must have the same form: ``aB3xQ.png``, where ``_17`` may follow to tell
    pictures of one text apart (``aB3xQ_17.png``), or ``17_aB3xQ.png``. Names that fit both, like
    ``1234_5678.png``, are refused rather than guessed at.

    Args:
        files: The files.
        pattern: A regular expression for the whole name without its ending, with a group ``label``:
            ``r"\d+_(?P<label>.+)"``. A name that it does not fit is an unreadable row.

    Yields:
        The pictures in order; an error in place of one without a label.

    Raises:
        DataError: If the pattern is not one, or labels cannot be told from the names.
    """
    files = list(files)
    expression = _compiled(pattern) if pattern is not None else _form_of(files)
    for file in files:
        match = expression.fullmatch(file.stem)
        if not _is_unicode(file.name):
            yield DataError(f"{file} has a name that is not Unicode, so its label is unknown; rename it.")
        elif match is None or not match["label"]:
            yield DataError(f"{file} does not fit the pattern {pattern!r}, so its label is unknown.")
        else:
            yield Listed(file.absolute(), match["label"], file.name, file.absolute().parent.name)


def labels_of_names(names: Iterable[str]) -> list[str] | None:
    """Return the labels that file names hold, by the rules of :func:`iter_files`; None where they seem to hold none.

    Unlike there nobody has said that the names are labels. So names that only count (``scan1.png``, ``scan2.png``,
    or ``1.png`` to ``9.png``) and names that programs give (``screenshot.png``) are taken for none.
    """
    files = [Path(name) for name in names]
    try:
        form = _form_of(files)
    except DataError:
        return None
    labels = [match["label"] for file in files if (match := form.fullmatch(file.stem))]
    if not labels or max(map(len, labels)) > _LONGEST_LABEL or _only_names(labels):
        return None
    return labels


def _only_names(labels: list[str]) -> bool:
    parts = [re.fullmatch(r"(.*?)([0-9]*)", label) for label in labels]
    words = {part[1].rstrip("-(").casefold() for part in parts if part}
    if words <= _USUAL_NAMES:
        return True
    numbers = sorted({int(part[2]) for part in parts if part and part[2]})
    counted = len(numbers) == len(labels) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1
    return len(words) == 1 and counted


def iter_csv(
    path: str | Path, *, file_column: str | None = None, label_column: str | None = None
) -> Iterator[Sample | CaptchaLabError]:
    """Stream the pictures that a CSV or TSV file names, with errors for unreadable ones; see :func:`list_csv`."""
    return opened_entries(list_csv(path, file_column=file_column, label_column=label_column))


def list_csv(path: str | Path, *, file_column: str | None = None, label_column: str | None = None) -> Entries:
    """List the pictures that a CSV or TSV file names, with their labels.

    The first line names the columns, ``file`` and ``label`` among them. Fields are separated by commas, semicolons
    or tabs, whichever the first line has most of. The text is UTF-8; a byte order mark is tolerated. Labels stay
    text; white space around them is dropped. Files are looked for beside the CSV file unless their path is absolute.

    Args:
        path: The CSV or TSV file.
        file_column: The column of the file names, if it is not ``file``.
        label_column: The column of the labels, if it is not ``label``.

    Yields:
        The pictures in order; in place of a row without label, an error that names the line.

    Raises:
        DataError: If the file cannot be read as such a table.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            for row in iter_mapping(text, str(path), file_column=file_column, label_column=label_column):
                yield row if isinstance(row, DataError) else _listed(path, row)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; check the path.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened ({error.strerror}); check the path and its permissions.") from error


def _listed(path: Path, line: Mapped) -> Listed:
    return Listed((path.parent / line.file).absolute(), line.label, line.file, _source_of(path), line.where)


def _is_unicode(name: str) -> bool:
    """Tell a name apart whose bytes are no UTF-8: Python stands surrogates in for them, which no file can store."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _source_of(mapping: Path) -> str:
    """Name a mapping by its own stem, but a folder's ``labels.csv`` by the folder."""
    return mapping.absolute().parent.name if mapping.name == LABELS_FILE else mapping.stem


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DataError(f"The pattern {pattern!r} is not a regular expression ({error}).") from error
    if "label" not in expression.groupindex:
        raise DataError(f"The pattern {pattern!r} has no group (?P<label>...); add one around the label.")
    return expression


def _form_of(files: list[Path]) -> re.Pattern[str]:
    """Return the one form that all the names have."""
    misfits = [next((f for f in files if not form.fullmatch(f.stem)), None) for form in (_LABEL_FIRST, _NUMBER_FIRST)]
    remedy = r'say where the label is with --pattern, for example --pattern "(?P<label>[^_]+)_\d+"'
    if None not in misfits:
        raise DataError(f"The label cannot be told from the name of {misfits[0]}; {remedy}.")
    if misfits == [None, None] and files:
        raise DataError(f"The label of {files[0]} may be either number in its name; {remedy}.")
    if misfits[0] is not None:
        return _NUMBER_FIRST
    # Names like img_1.png, img_2.png hold a counter and no label at all.
    if len(files) > 2 and len({file.stem.partition("_")[0] for file in files}) == 1:
        raise DataError(f"All names like {files[0]} would give the same label; {remedy}, or use a CSV file.")
    return _LABEL_FIRST
