"""Put what a Hugging Face Space needs, and nothing else, into a folder.

    python tools/space.py space
    hf upload OWNER/NAME space . --repo-type space

The page reads there with onnxruntime: without torch it needs a fraction of the packages' size and starts sooner, and
the answers are the same (the export compares them). So each model of saved_models goes in as the ONNX file that is made
of it here. Of the source go in those modules that app.py imports, directly or not, and of requirements.txt the packages
that these import; both are found in the source, so that neither list goes stale.
"""

from __future__ import annotations

import argparse
import ast
import re
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from captcha_core.checkpoint_meta import SUFFIX  # noqa: E402
from captcha_core.cli import run  # noqa: E402
from captcha_core.errors import CaptchaLabError  # noqa: E402
from captcha_core.onnx_backend import SUFFIX as ONNX  # noqa: E402

ENTRY = "app.py"
# What is imported only where torch is, in functions that the page does not call without it.
WITH_TORCH = ("captcha_core.torch_backend",)
# Beside the modules: what they open, and what a Space shows. The models are listed in saved_models.
OTHER_FILES = ("LICENSE", "captcha_core/ui/examples/*.png", "saved_models/**/*.md")
README = "tools/space.md"
PIN_FILES = ("requirements.txt", "requirements-dev.txt")
# Not installed by name: onnxruntime reads the models; spaces is the Space's own.
ALWAYS, NEVER = {"onnxruntime"}, {"torch", "torchvision", "spaces"}


def main(argv: list[str]) -> int:
    """Make the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where to put it; must not be there")
    folder = parser.parse_args(argv).folder
    if folder.exists():
        raise CaptchaLabError(f"{folder} is there already; remove it or name another folder.")
    try:
        make(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    files = [file for file in folder.rglob("*") if file.is_file()]
    print(f"wrote {folder}: {len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
    return 0


def make(folder: Path) -> None:
    """Fill the folder, which must not be there.

    Raises:
        CaptchaLabError: If a model cannot be exported.
    """
    # Here and not above, since it imports torch.
    from captcha_core.export import export_onnx

    sources = modules()
    for name in [*sources, *other_files()]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copyfile(ROOT / README, folder / "README.md")
    (folder / "requirements.txt").write_text("\n".join(requirements(sources)) + "\n", encoding="utf-8")
    for checkpoint in sorted((ROOT / "saved_models").rglob(f"*{SUFFIX}")):
        exported = folder / checkpoint.relative_to(ROOT).with_suffix(ONNX)
        exported.parent.mkdir(exist_ok=True)
        export_onnx(checkpoint, exported)


def modules() -> list[str]:
    """Return the files of app.py and of every module of the package that it imports, directly or not."""
    found, waiting = set(), [ENTRY]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        for name in imports(ROOT / file):
            if name.startswith("captcha_core") and not name.startswith(WITH_TORCH):
                waiting += files_of(name)
    return sorted(found)


def files_of(name: str) -> Iterator[str]:
    """Yield the file of a module, or of the module that a name is in, and of the packages around it."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        path = "/".join(parts[:length])
        yield from (file for file in (f"{path}.py", f"{path}/__init__.py") if (ROOT / file).is_file())


def imports(file: Path) -> set[str]:
    """Return what a file imports when it runs, in functions too, but not what only the checker of types sees."""
    names: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return names


def other_files() -> list[str]:
    """Return the files that are no modules."""
    return sorted(str(file.relative_to(ROOT)) for pattern in OTHER_FILES for file in ROOT.glob(pattern))


def requirements(sources: list[str]) -> list[str]:
    """Return the packages that the sources import, each with its pin.

    Only these and not what they bring: a Space adds packages of its own, which may ask for other versions of those.
    """
    pins = {
        match[1]: match[2]
        for file in PIN_FILES
        for match in re.finditer(r"^([\w.-]+)==(\S+)", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    }
    tops = {name.partition(".")[0] for source in sources for name in imports(ROOT / source)}
    tops = {top for top in tops if top not in sys.stdlib_module_names} - {"captcha_core"} - NEVER
    owners = packages_distributions()
    wanted = {str(package).lower() for top in tops for package in owners.get(top, [top])[:1]} | ALWAYS
    return [f"{package}=={pins[package]}" for package in sorted(wanted) if package in pins]


if __name__ == "__main__":
    run(main)
