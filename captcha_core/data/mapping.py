"""CSV and TSV files that name pictures and their labels."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple, TextIO

from captcha_core.errors import DataError

# In characters; the rest of a longer line only has to be read.
_LONGEST_HEADER = 1 << 16


class Mapped(NamedTuple):
    """A line of a mapping: where it stands, for messages, the file's name and its label."""

    where: str
    file: str
    label: str


def iter_mapping(
    text: TextIO, where: str, *, file_column: str | None = None, label_column: str | None = None
) -> Iterator[Mapped | DataError]:
    """Stream the lines of an open CSV or TSV file, as ``list_csv`` describes it, without looking for the files.

    Args:
        text: The file, opened with ``newline=""``; it must be able to seek.
        where: What to call it in messages.
        file_column: The column of the file names, if it is not ``file``.
        label_column: The column of the labels, if it is not ``label``.

    Yields:
        The lines in order; in place of one without label or file, an error that names it.

    Raises:
        DataError: If the file cannot be read as such a table.
    """
    try:
        first_line = text.readline(_LONGEST_HEADER)
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter_of(first_line), strict=True)
        header = [name.strip() for name in next(reader, [])]
        file_at, label_at = (_place(header, where, *c) for c in ((file_column, "file"), (label_column, "label")))
        for row in reader:
            if any(row):
                yield _mapped(f"{where}, line {reader.line_num}", header, row, file_at, label_at)
    except UnicodeDecodeError as error:
        raise DataError(f"{where} is not UTF-8 text; save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise DataError(f"{where}, line {reader.line_num}: {error}; save it again as CSV.") from error


def delimiter_of(first_line: str) -> str:
    """Return what separates the fields of a table: comma, semicolon or tab, whichever its first line has most of."""
    return max(",;\t", key=first_line.count)


def _mapped(where: str, header: list[str], row: list[str], file_at: int, label_at: int) -> Mapped | DataError:
    if len(row) != len(header):
        return DataError(f"{where} has {len(row)} fields where the first line has {len(header)}; quote the commas.")
    file, label = row[file_at].strip(), row[label_at].strip()
    if not file or not label:
        return DataError(f"{where} has no {'label' if file else 'file'}; fill it in.")
    # Not isprintable(), which knows no character that is newer than this Python.
    if any(unicodedata.category(character) == "Cc" for character in label):
        return DataError(f"{where} has a label with a control character, {label[:40]!r}; mend it.")
    return Mapped(where, file, label)


def _place(header: list[str], where: str, named: str | None, usual: str) -> int:
    wanted = named or usual
    if wanted in header:
        return header.index(wanted)
    option = "--label-column" if usual == "label" else "--image-column"
    seen = ", ".join(header) or "none"
    raise DataError(f"{where} has no column {wanted!r}; its first line names {seen}. Name the column with {option}.")
