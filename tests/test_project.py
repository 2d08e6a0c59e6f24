"""Promises of the project as a whole: versions, what may import what, what is in the repository."""

from __future__ import annotations

import ast
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PIN_FILES = ("requirements.txt", "requirements-dev.txt", "requirements-cluster.txt", "constraints.txt")
PACKAGE = "captcha_core"

# Which modules a part of the package may not know; arrows point one way (docs/architecture.md).
ABOVE = (f"{PACKAGE}.ui", f"{PACKAGE}.recognizer", f"{PACKAGE}.training", f"{PACKAGE}.evaluation")
READING_DOES_NOT_NEED = ("pandas", "matplotlib", "pyarrow", "jiwer", f"{PACKAGE}.training", f"{PACKAGE}.generator")
FORBIDDEN = {
    **dict.fromkeys(
        ("agreement", "constraint", "ctc", "ctc_lengths", "decoding", "positions", "scoring"),
        (*READING_DOES_NOT_NEED, *ABOVE, "torch"),
    ),
    "recognizer": (*READING_DOES_NOT_NEED, f"{PACKAGE}.ui", f"{PACKAGE}.models", f"{PACKAGE}.checkpoint"),
    "saliency": (*READING_DOES_NOT_NEED, "torch", f"{PACKAGE}.ui"),
    "backends": READING_DOES_NOT_NEED + ABOVE,
    "torch_backend": READING_DOES_NOT_NEED + ABOVE,
    "onnx_backend": (*READING_DOES_NOT_NEED, *ABOVE, "torch", f"{PACKAGE}.models", f"{PACKAGE}.checkpoint"),
    "export": ABOVE,
    "quantise": (*ABOVE, "torch"),
    "onnx_halves": (*ABOVE, "torch"),
    "checkpoint_meta": (*READING_DOES_NOT_NEED, *ABOVE, "torch", f"{PACKAGE}.models"),
    "transforms": (*READING_DOES_NOT_NEED, *ABOVE, f"{PACKAGE}.models"),
    "imaging": (*READING_DOES_NOT_NEED, *ABOVE, "torch"),
    "models": (*READING_DOES_NOT_NEED, *ABOVE, f"{PACKAGE}.data", f"{PACKAGE}.checkpoint"),
    "generator": (*ABOVE, "torch", f"{PACKAGE}.models"),
    "data": (*ABOVE, "torch", f"{PACKAGE}.models"),
    "training": (f"{PACKAGE}.ui",),
    "evaluation": (f"{PACKAGE}.ui",),
    "cluster": (f"{PACKAGE}.ui",),
    # The page teaches by running train.py.
    "ui": (f"{PACKAGE}.adaptation", f"{PACKAGE}.training"),
}
# The only parts that may know the page's framework, those for many machines, and those of an exported network.
MAY_KNOW = {
    "gradio": {"ui"},
    "accelerate": {"training", "cluster"},
    "ray": {"training", "cluster"},
    "onnx": {"export", "onnx_halves", "quantise"},
    "onnxruntime": {"onnx_backend", "quantise"},
    # It opens addresses that the user names.
    "fsspec": {"urls"},
}
# A package of requirements.lock: its name, its version and what stands below them.
LOCKED = re.compile(r"^([\w.-]+)==([\w.]+)(.*(?:\n .*)*)", re.MULTILINE)
# What could reach a web site. The page is served by gradio, which answers and does not ask.
REACHES_OUT = ("requests", "urllib.request", "urllib3", "http.client", "httpx", "aiohttp", "selenium")


def pins(file: str) -> dict[str, str]:
    """Return the versions that a requirements file fixes, failing on a line that fixes none."""
    found: dict[str, str] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if not line or line in ("-r requirements.txt", "-r requirements-cluster.txt"):
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)", line)
        assert match, f"{file}: {line!r} is not an exact pin, name==version"
        name = canonicalize_name(match[1])
        assert name not in found, f"{file} pins {name} twice"
        found[name] = match[2]
    return found


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def imported_modules(path: Path) -> set[str]:
    """Return every module that a file names in an import, wherever in the file that is."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name the whole module, captcha_core.x"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def among(names: set[str], modules: tuple[str, ...]) -> list[str]:
    """Return the names that are one of the modules or lie inside one."""
    return sorted(name for name in names if any(name == m or name.startswith(m + ".") for m in modules))


@pytest.mark.parametrize("file", PIN_FILES)
def test_every_requirement_is_an_exact_pin(file: str) -> None:
    assert pins(file)


def test_every_direct_requirement_says_why_it_is_there() -> None:
    for file in PIN_FILES[:3]:
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            assert "==" not in line or line.startswith("#") or re.search(r"  # \w", line), f"{file}: {line}"


def test_a_package_is_pinned_in_one_place() -> None:
    named = [name for file in PIN_FILES for name in pins(file)]
    assert sorted(named) == sorted(set(named))


def test_the_versions_that_the_guide_names_are_the_pinned_ones() -> None:
    fixed = {name: version for file in PIN_FILES for name, version in pins(file).items()}
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    named = re.findall(r"([\w-]+)==([\d.]*\d)", guide)
    assert named and [(name, fixed.get(canonicalize_name(name))) for name, _ in named] == named


def test_everything_that_gets_installed_is_pinned_to_what_is_installed() -> None:
    fixed = {name: version for file in PIN_FILES for name, version in pins(file).items()}
    waiting = [Requirement(name) for file in PIN_FILES[:3] for name in pins(file)]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        version = metadata.version(name).split("+")[0]  # torch's CPU-only builds are 2.0+cpu
        assert fixed.get(name) == version, f"{name} {version} is installed; pinned is {fixed.get(name)}"
        for text in metadata.requires(name) or []:
            dependency = Requirement(text)
            wanted = [{"extra": extra} for extra in extras or {""}]
            if dependency.marker is None or any(dependency.marker.evaluate(extra) for extra in wanted):
                waiting.append(dependency)


def test_the_lock_has_hashes_for_exactly_what_is_pinned() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {canonicalize_name(name): (version, hashes) for name, version, hashes in LOCKED.findall(text)}
    fixed = {name: version for file in PIN_FILES for name, version in pins(file).items()}
    assert set(pins(PIN_FILES[0])) | set(pins(PIN_FILES[1])) <= locked.keys()
    wrong = {name: version for name, (version, _) in locked.items() if fixed.get(name) != version}
    assert not wrong, f"not as pinned; run make lock: {wrong}"
    assert all("--hash=sha256:" in hashes for _, hashes in locked.values())


def test_arrows_point_one_way() -> None:
    folder = ROOT / PACKAGE
    for file in folder.rglob("*.py"):
        part = file.relative_to(folder).parts[0].removesuffix(".py")
        forbidden = FORBIDDEN.get(part, ()) + tuple(tool for tool, parts in MAY_KNOW.items() if part not in parts)
        assert among(imported_modules(file), forbidden) == [], file


def test_engines_and_parts_do_not_know_what_they_carry() -> None:
    files = [file for file in (ROOT / PACKAGE / "cluster").glob("*.py") if file.name != "reading.py"]
    assert files
    for file in files:
        assert not among(imported_modules(file), (f"{PACKAGE}.recognizer",)), file


def test_nothing_in_the_product_reaches_out_to_a_web_site() -> None:
    files = [*ROOT.glob("*.py"), *(ROOT / PACKAGE).rglob("*.py")]
    assert len(files) > 10
    for file in files:
        assert not among(imported_modules(file), REACHES_OUT), file


def test_no_file_is_too_large_for_a_space() -> None:
    assert [f for f in tracked_files() if f.stat().st_size > 10_000_000] == []


def test_contributing_names_every_folder() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {f.relative_to(ROOT).parts[0] for f in tracked_files() if f.parent != ROOT}
    package = ROOT / PACKAGE
    folders |= {
        f"{PACKAGE}/{f.relative_to(package).parts[0]}"
        for f in tracked_files()
        if package in f.parents and f.parent != package
    }
    assert [name for name in sorted(folders) if f"`{name}/`" not in text] == []


def test_the_changelog_has_the_current_version() -> None:
    version = re.search(r'__version__ = "(.+)"', (ROOT / PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
