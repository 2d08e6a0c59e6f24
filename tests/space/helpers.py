"""What installs packages into an environment, and serves the Space's folder from it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.serving import free_port, serving

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "captcha_core" / "ui" / "examples").glob("*.png"))


def install(python: Path, *wanted: str) -> None:
    """Install what pip's arguments name into the environment of an interpreter."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *wanted]
    subprocess.run(command, check=True)


@contextmanager
def started(folder: Path, python: Path, **variables: str) -> Iterator[str]:
    """Serve a folder's page with these environment variables and few others, and yield its address."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "PATH", "TMPDIR")}
    environment = kept | {"GRADIO_SERVER_PORT": str(port)} | variables
    with serving([str(python), "app.py"], port, cwd=folder, env=environment) as address:
        yield address
