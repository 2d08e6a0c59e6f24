"""Install the readers that this project is compared with, each into a folder of its own.

    python tools/rivals.py data/rivals
    python benchmarks/accuracy.py --data FOLDER --rivals data/rivals

Two versions of a package cannot be installed together, and none of these is part of this project: they are installed
beside each other, at exact versions, with what they share in one folder; Pillow, numpy, OpenCV, PyYAML and tqdm come
from the project's environment. Folders that are there already are left as they are. ddddocr is under the MIT License,
rapidocr under the Apache License 2.0. Needs Python 3.11 or 3.12 (ddddocr 1.5.6) and 290 MB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from captcha_core.cli import run  # noqa: E402 - the package lies beside this folder
from captcha_core.errors import CaptchaLabError  # noqa: E402

SHARED = "shared"
FOLDERS = {
    "ddddocr-1.5.6": ("ddddocr==1.5.6",),
    "ddddocr-1.6.1": ("ddddocr==1.6.1",),
    "rapidocr-3.10.0": ("rapidocr==3.10.0",),
    SHARED: (
        "onnxruntime==1.31.1",
        "flatbuffers==25.12.19",
        # What rapidocr imports, though reading a single line of text needs none of it.
        "omegaconf==2.4.0",
        "pyclipper==1.4.0",
        "shapely==2.2.0",
        "colorlog==6.12.0",
        "requests==2.34.2",
        "urllib3==2.8.0",
        "charset-normalizer==3.5.2",
    ),
}
"""What goes into which folder."""


def main(arguments: list[str]) -> int:
    """Install what is missing; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where to put them, a folder for each")
    folder = parser.parse_args(arguments).folder
    for name, packages in FOLDERS.items():
        if not (folder / name).is_dir():
            install(packages, folder / name)
        print(f"{folder / name}: {', '.join(packages)}", flush=True)
    return 0


def install(packages: tuple[str, ...], target: Path) -> None:
    """Install packages alone, without what they require, into a folder that is whole or not there.

    Raises:
        CaptchaLabError: If pip cannot do it; its own message stands before.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
        fresh = Path(temporary) / target.name
        command = ["pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--target", str(fresh)]
        if subprocess.run([sys.executable, "-m", *command, *packages], check=False).returncode:
            raise CaptchaLabError(
                f"pip could not install {', '.join(packages)} into {target}; mend what it says above, run this again."
            )
        fresh.replace(target)


if __name__ == "__main__":
    run(main)
