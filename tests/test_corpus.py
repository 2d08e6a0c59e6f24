"""What `make fuzz` found, and what it must keep finding nothing in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.fuzz import CORPUS, TARGETS

FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


@pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore:Image size")
@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_a_find_is_read_or_refused(file: Path) -> None:
    TARGETS[file.parent.name](file.read_bytes())


def test_every_folder_of_finds_has_what_reads_it() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= set(TARGETS)
    assert len(FILES) >= 2
