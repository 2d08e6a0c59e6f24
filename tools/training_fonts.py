"""Fetch the fonts that training pictures are drawn with: some 600 families, by name and version in training_fonts.txt.

    python tools/training_fonts.py data/fonts
    python captcha_generator.py --style varied --fonts data/fonts --count 1000

They are Google's fonts (OFL-1.1, Apache-2.0 or Ubuntu licence), in the packages of https://fontsource.org on the npm
registry; of each the Latin letters, plain, bold and slanted where there are. None is part of this project or of a
checkpoint. Families that this leaves out can hardly be read by people: ornate handwriting and the like. Fonts that are
there already are not fetched again.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tarfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from captcha_core.files import atomic_path  # noqa: E402 - the package lies beside this folder

LIST = Path(__file__).with_suffix(".txt")
REGISTRY = "https://registry.npmjs.org/@fontsource"
WANTED = re.compile(r".*/files/([^/]+-latin-(?:400-normal|700-normal|400-italic))\.woff$")


def main() -> None:
    """Fetch what is missing, a few at a time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where to put the .ttf files, a folder for each family")
    folder = parser.parse_args().folder
    rows = [line.split() for line in LIST.read_text().splitlines()]
    missing = [(family, version) for family, version in rows if not list((folder / family).glob("*.ttf"))]
    with ThreadPoolExecutor(8) as pool:
        for family in pool.map(lambda row: fetch(row[0], row[1], folder), missing):
            print(family, flush=True)
    print(f"{folder}: {len(rows)} families, {len(missing)} of them new")


def fetch(family: str, version: str, folder: Path) -> str:
    """Fetch one family and return its name."""
    with urllib.request.urlopen(f"{REGISTRY}/{family}/-/{family}-{version}.tgz", timeout=60) as answer:
        packed = io.BytesIO(answer.read())
    (folder / family).mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=packed) as archive:
        for member in archive:
            match = WANTED.match(member.name)
            data = archive.extractfile(member) if match else None
            if match and data:
                font = TTFont(io.BytesIO(data.read()))
                # Opening a compressed font takes several times as long.
                font.flavor = None
                with atomic_path(folder / family / f"{match[1]}.ttf") as temporary:
                    font.save(temporary)
    return family


if __name__ == "__main__":
    main()
