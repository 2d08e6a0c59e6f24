"""Keeping unreadable, repeated and contradictory rows out of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from captcha_core.data.digests import Digested
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError

LISTED = 20
"""How many rows that were left out for one reason are listed; the rest are counted."""


@dataclass
class Problems:
    """Rows that were left out for one reason: how many, and the first few in words."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Count one more row."""
        self.count += 1
        if len(self.examples) < LISTED:
            self.examples.append(text)

    def lines(self, heading: str) -> Iterator[str]:
        """Yield the heading with the count, and the examples; nothing when there are none."""
        if self.count:
            yield f"{self.count:,} {heading}:"
            yield from (f"  {text}" for text in self.examples)
        if self.count > len(self.examples):
            yield f"  ... and {self.count - len(self.examples):,} more"


class Checker:
    """Lets every readable picture through once, and counts what it keeps back.

    A duplicate and a conflict are told by the decoded pixels, however the files were compressed. Of every picture let
    through, the 16 bytes of its pixels' hash and its label are kept: about 150 bytes in all, 150 MB for a million.

    Attributes:
        duplicates: Rows with the pixels and the label of an earlier row.
        conflicts: Rows with the pixels of an earlier row, but another label.
        unreadable: Rows without a readable picture or without a label.
    """

    def __init__(self) -> None:
        """Start with no picture seen."""
        self.duplicates = Problems()
        self.conflicts = Problems()
        self.unreadable = Problems()
        self._labels: dict[bytes, str] = {}

    def checked(self, rows: Iterable[Digested]) -> Iterator[tuple[Sample, bytes]]:
        """Yield the rows to keep, each with the digest of its pixels."""
        for row in rows:
            if isinstance(row, CaptchaLabError):
                self.unreadable.add(str(row))
            elif self._is_new(*row):
                yield row

    def _is_new(self, row: Sample, digest: bytes) -> bool:
        earlier = self._labels.get(digest)
        if earlier is None:
            self._labels[digest] = row.label
            return True
        if earlier == row.label:
            self.duplicates.add(f"{row.path} (label {row.label!r})")
        else:
            self.conflicts.add(f"{row.path} is labelled {row.label!r}, the same picture before it {earlier!r}")
        return False
