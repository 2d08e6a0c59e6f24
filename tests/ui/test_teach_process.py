"""Commands beside the page: bounded, stoppable, and gone when the page is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from captcha_core.ui.teach_process import BoundedProcess, Commands
from tests.helpers import is_alive

ROOT = Path(__file__).resolve().parents[2]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def run(folder: Path, code: str, commands: Commands | None = None) -> tuple[int | None, list[str], BoundedProcess]:
    process = BoundedProcess(folder, commands or Commands())
    lines: list[str] = []
    try:
        return process.run(python(code), lines.append), lines, process
    finally:
        process.stop()


def test_every_line_is_told_and_those_that_are_written_over_too(tmp_path: Path) -> None:
    code, lines, process = run(tmp_path, "import sys; print('a\\rb\\n\\nc'); print('é', end='', file=sys.stderr)")
    assert code == 0 and sorted(lines) == ["a", "b", "c", "é"]
    assert sorted(process.last_lines) == sorted(lines) and not process.out_of_time
    assert run(tmp_path, "raise SystemExit(2)")[0] == 2


def test_it_works_in_its_folder_behind_all_others(tmp_path: Path) -> None:
    _, lines, _ = run(tmp_path, "import os, tempfile; print(os.getcwd(), tempfile.gettempdir(), os.nice(0), sep='\\n')")
    assert lines == [str(tmp_path), str(tmp_path), str(min(19, os.nice(0) + 10))]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound no process from outside")
def test_memory_is_bounded(tmp_path: Path) -> None:
    # The bound is set a moment after the start.
    code, lines, _ = run(tmp_path, "import time; time.sleep(0.5); bytearray(1 << 30)", Commands(most_memory=256 << 20))
    assert code == 1 and lines[-1] == "MemoryError"
    assert run(tmp_path, "bytearray(1 << 20)")[0] == 0


def test_time_is_bounded_and_no_other_command_begins(tmp_path: Path) -> None:
    code, _, process = run(tmp_path, "import time; time.sleep(60)", Commands(most_seconds=0.3))
    assert code is None and process.out_of_time
    assert process.run(python("print(1)"), lambda line: pytest.fail("it began")) is None


def test_it_is_stopped_at_once(tmp_path: Path) -> None:
    process = BoundedProcess(tmp_path, Commands())
    code = process.run(python("import time; print(1, flush=True); time.sleep(60)"), lambda line: process.stop())
    assert code is None and not process.out_of_time


def test_a_command_that_is_killed_says_so(tmp_path: Path) -> None:
    assert run(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")[0] == -15


@pytest.mark.skipif(sys.platform != "linux", reason="whether a process lives is looked up in Linux's /proc")
def test_it_ends_when_the_page_is_killed(tmp_path: Path) -> None:
    inner = "import os, time; print(os.getpid(), flush=True)\nwhile True: time.sleep(0.05); print('on', flush=True)"
    outer = (
        "from pathlib import Path; import sys\n"
        "from captcha_core.ui.teach_process import BoundedProcess, Commands\n"
        "told = lambda line: print(line, flush=True)\n"
        f"BoundedProcess(Path({str(tmp_path)!r}), Commands()).run([sys.executable, '-c', {inner!r}], told)\n"
    )
    with subprocess.Popen(python(outer), cwd=ROOT, stdout=subprocess.PIPE, text=True) as page:
        assert page.stdout is not None
        pid = int(page.stdout.readline())
        assert is_alive(pid)
        page.kill()
    until = time.monotonic() + 30
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(pid)
