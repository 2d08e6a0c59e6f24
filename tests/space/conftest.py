"""The Space's folder, and an environment made from its requirements.txt alone.

Not part of `make test`, since it installs packages: `make test-space`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.space.helpers import install
from tools import space


def interpreter() -> str:
    """Return Python 3.12, which the Space runs, or this one where it is not installed."""
    pyenv = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.12.*/bin/python3.12"))
    for command in ("python3.12", *map(str, pyenv)):
        found = shutil.which(command)
        # A shim of pyenv may stand for nothing.
        if found and subprocess.run([found, "-c", "import venv"], capture_output=True).returncode == 0:
            return found
    return sys.executable


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "space"
    assert space.main([str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def python(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([interpreter(), "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    install(python, "--requirement", str(folder / "requirements.txt"))
    return python
