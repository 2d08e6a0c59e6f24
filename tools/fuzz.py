"""Look for files that break what reads files of strangers, guided by which code each file reaches (atheris).

make fuzz                 ten minutes, on pictures and on the headers of checkpoints
make fuzz FUZZ_SECONDS=60

A file that ends in anything but its one kind of error, or that takes longer than 10 seconds, is kept in tests/corpus/
under the name of what reads it; tests/test_corpus.py then opens it on every run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "corpus"
# On the clock, where tests/test_hostile_pictures.py counts processor time: the machine may be busy.
_SECONDS_PER_FILE = 10
_MEGABYTES = 2048

sys.path.insert(0, str(ROOT))


def read_picture_file(data: bytes) -> None:
    """Open bytes as a picture; what is none is refused."""
    from captcha_core.errors import ImageError
    from captcha_core.imaging import load_image

    with suppress(ImageError):
        load_image(data)


def read_checkpoint_header(data: bytes) -> None:
    """Open bytes as a checkpoint's description; what is none is refused."""
    from captcha_core.checkpoint_meta import parse_meta
    from captcha_core.errors import CheckpointError
    from captcha_core.transforms import build_transform

    with suppress(CheckpointError):
        build_transform(parse_meta("fuzz", data.decode("utf-8", "replace")).transform)


TARGETS: dict[str, Callable[[bytes], None]] = {"picture": read_picture_file, "checkpoint": read_checkpoint_header}
"""What reads bytes, by the folder of its finds."""


def write_seeds(target: str, folder: Path) -> None:
    """Write files to begin with: every kind of picture, or a description."""
    import json
    from dataclasses import asdict

    from tests.helpers import tiny_meta, tiny_net
    from tests.hostile_pictures import harmless

    seeds = harmless() if target == "picture" else {"meta": json.dumps(asdict(tiny_meta(**tiny_net()))).encode()}
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


def fuzz(target: str, folder: Path, seconds: int) -> None:
    """Mutate files until the time is up or one breaks the target; does not return."""
    import atheris

    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=["captcha_core", "PIL"]):
        import PIL
        from PIL import Image

        import captcha_core.checkpoint_meta
        import captcha_core.imaging  # noqa: F401
        import captcha_core.transforms  # noqa: F401

        Image.init()
        assert PIL and captcha_core
    options = [f"-max_total_time={seconds}", f"-timeout={_SECONDS_PER_FILE}", f"-rss_limit_mb={_MEGABYTES}"]
    found = CORPUS / target
    found.mkdir(parents=True, exist_ok=True)
    atheris.Setup([sys.argv[0], str(folder), *options, f"-artifact_prefix={found}/", "-verbosity=0"], TARGETS[target])
    atheris.Fuzz()


def main() -> int:
    """Fuzz every target in a process of its own, for an equal share of the time; return 1 if there is a find."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600, help="in all (default: 600)")
    parser.add_argument("--target", choices=TARGETS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.target:
        fuzz(options.target, options.folder, options.seconds)
    failed = 0
    for target in TARGETS:
        with TemporaryDirectory() as name:
            write_seeds(target, Path(name))
            share = str(max(1, options.seconds // len(TARGETS)))
            command = [sys.executable, __file__, "--target", target, "--folder", name, "--seconds", share]
            code = subprocess.run(command).returncode
            print(f"{target}: {len(list(Path(name).iterdir()))} files reach different code; exit code {code}")
            failed += code != 0
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
