"""Every command in the README is run here, or is a set-up command that is checked in another way.

The scripts run in the README's order in a copy of the project, so that later commands find what earlier ones wrote.
They run as they stand, only smaller: the arguments in ``SMALLER`` are put after the README's own, and the last wins.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import SPLIT_SCHEMA, Sample
from captcha_core.generator import GeneratorSettings, generate_captcha
from captcha_core.generator.generate import encode_png
from tests.serving import LOCAL, free_port, serving

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SMALLER = {
    "captcha_generator.py": ["--count", "100"],
    "make_dataset.py": [],
    "train.py": ["--frozen-epochs", "1", "--epochs", "1", "--batch-size", "8"],
    "evaluate.py": [],
    "predict.py": [],
}
# Of the recipe whose input can be small; the last word on the line counts.
SMALL_INPUT = ["--size", "64"]
SETTINGS = {"--" + field.name.replace("_", "-") for field in fields(GeneratorSettings)}
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Options whose value is a file or folder that the command must have made.
WRITES = ("--output", "--grid", "--json", "--report", "--view", "--save-debug")
SECONDS = 180
A_COMMAND = re.compile(r"([A-Z_]+=\S+ )*(python3?|pip|make|git) ")


def commands() -> list[str]:
    """Return every command of the README: the lines of its bash blocks, then those in its prose."""
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)).replace("\\\n", " ")
    lines = [line.strip() for line in blocks.splitlines() if line.strip() and not line.strip().startswith("#")]
    return lines + [span for span in re.findall(r"`([^`]+)`", prose) if A_COMMAND.match(span)]


def without_environment(command: str) -> tuple[list[str], dict[str, str]]:
    """Return a command's words and the variables that are set before them."""
    words = shlex.split(command)
    count = next(i for i, word in enumerate(words) if not re.match(r"[A-Z_]+=", word))
    return words[count:], dict(word.split("=", 1) for word in words[:count])


def script_of(command: str) -> str | None:
    """Return the script that a command runs with Python, if it does."""
    words, _ = without_environment(command)
    return words[1] if words[0] == "python" and words[1].endswith(".py") else None


SCRIPTS = [command for command in commands() if script_of(command) in SMALLER]
PAGES = [command for command in commands() if script_of(command) == "app.py"]
SET_UP = [command for command in commands() if command not in SCRIPTS + PAGES]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with the pictures that the README takes for the user's own."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("captcha_core", "saved_models"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for script in ROOT.glob("*.py"):
        shutil.copy(script, folder)
    (folder / "my_captchas").mkdir()
    for index in range(12):
        captcha = generate_captcha(GeneratorSettings(), seed=99, index=index)
        captcha.image.save(folder / "my_captchas" / f"{captcha.text}.png")
        captcha.image.save(folder / "captcha.png")
    with ParquetWriter(folder / "captcha_images_v2.parquet", schema=SPLIT_SCHEMA) as writer:
        for index in range(40):
            captcha = generate_captcha(GeneratorSettings(width=200, height=50), seed=98, index=index)
            sample = Sample(encode_png(captcha.image), captcha.text, f"{index}.png", "stand-in")
            writer.write(sample, split="train" if index < 30 else "test")
    return folder


@pytest.fixture(scope="module")
def after_scripts(project: Path) -> Path:
    """Run the scripts in order and return the folder that they worked in."""
    for command in SCRIPTS:
        words, variables = without_environment(command)
        line = shlex.join([sys.executable]) + command.removeprefix("python")
        smaller = SMALLER[words[1]] + (SMALL_INPUT if words[1] == "train.py" and "--recipe" not in words else [])
        done = subprocess.run(
            ["bash", "-c", f"{line} {shlex.join(smaller)}"],
            cwd=project,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        for option, value in zip(words, words[1:], strict=False):
            assert option not in WRITES or (project / value).exists(), f"{command} wrote no {value}"
    return project


def test_the_scripts_run_as_the_readme_says(after_scripts: Path) -> None:
    assert {script_of(command) for command in SCRIPTS} == set(SMALLER)
    assert (after_scripts / "grid.png").stat().st_size > 0


@pytest.mark.parametrize("command", PAGES)
def test_the_page_starts_as_the_readme_says(command: str, after_scripts: Path) -> None:
    words, variables = without_environment(command)
    command_line = [sys.executable, *words[1:], "--port", str(port := free_port())]
    with serving(command_line, port, cwd=after_scripts, env=os.environ | variables) as address:
        assert "Captcha Lab" in LOCAL.open(address).read().decode()


MADE = {"demo": "app.py", "test": "-m pytest", "space": "tools/space.py space"}


def check_make(words: list[str], variables: dict[str, str]) -> None:
    """Check that make knows the target and would use the interpreter; tests do not install anything."""
    plan = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *words[1:], f"PYTHON={sys.executable}"],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    last = plan.strip().splitlines()[-1]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f".venv-{version}/bin/python {MADE[words[1]]}" in last


def check_pip(words: list[str], variables: dict[str, str]) -> None:
    """Check that every file that is named exists and every version that is named is the pinned one."""
    assert not variables
    assert words[:2] == ["pip", "install"]
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    arguments = iter(words[2:])
    for word in arguments:
        if word in ("-r", "-c"):
            assert (ROOT / next(arguments)).is_file()
        elif word == "--index-url":
            assert next(arguments) == "https://download.pytorch.org/whl/cpu"
        else:
            assert re.search(rf"^{re.escape(word)}\b", pins, flags=re.MULTILINE), word


def check_environment(words: list[str], variables: dict[str, str]) -> None:
    """Check the two lines that make and enter an environment; the test below runs them together."""
    assert shlex.join(words) in ("python3 -m venv .venv", "source .venv/bin/activate")
    assert not variables


CHECKS: dict[str, Callable[[list[str], dict[str, str]], None]] = {
    "make": check_make,
    "pip": check_pip,
    "python3": check_environment,
    "source": check_environment,
}


@pytest.mark.parametrize("command", SET_UP)
def test_a_set_up_command_is_sound(command: str) -> None:
    words, variables = without_environment(command)
    assert words[0] in CHECKS, f"No test knows how to run {command!r} of the README."
    CHECKS[words[0]](words, variables)


def test_the_lines_that_make_an_environment_work(tmp_path: Path) -> None:
    lines = [command for command in SET_UP if command.split()[0] in ("python3", "source")]
    script = " && ".join([*lines, "python -c 'import sys; print(sys.prefix)'"])
    script = script.replace("python3 -m venv", f"{shlex.quote(sys.executable)} -m venv --without-pip")
    prefix = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(prefix.strip()) == tmp_path / ".venv"


def test_the_two_commands_come_first() -> None:
    assert commands()[:2] == ["make demo", "make test"]


def headings(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", text):
        linked = document.parent / target
        assert linked.is_file(), f"{document.name} links to {target}"
        assert not anchor or anchor in headings(linked), f"{document.name} links to {target}#{anchor}"


def test_every_option_that_the_documents_name_exists() -> None:
    places = [*ROOT.glob("*.py"), ROOT / "captcha_core" / "cluster" / "arguments.py"]
    scripts = "".join(place.read_text(encoding="utf-8") for place in places)
    known = set(re.findall(r'"(--[a-z0-9-]+)"', scripts)) | SETTINGS | {"--help", "--index-url", "--repo-type"}
    for document in (ROOT / "README.md", ROOT / "docs" / "guide.md"):
        named = set(re.findall(r"--[a-z][a-z0-9-]*", re.sub(r"<!--.*?-->", "", document.read_text(encoding="utf-8"))))
        assert named - known == set(), document.name


def test_the_guide_names_every_setting_of_the_generator() -> None:
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    assert [setting for setting in sorted(SETTINGS) if f"`{setting}`" not in guide] == []
