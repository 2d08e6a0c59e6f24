import subprocess
import sys

import pytest

from captcha_core.memory import TUNABLES

PROGRAM = """
import os, sys
sys.path.insert(0, os.getcwd())
from captcha_core.memory import restart_with_large_pages
restart_with_large_pages()
print(os.environ.get("GLIBC_TUNABLES"), *sys.argv[1:])
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc's settings")


def run_program(**environment: str) -> str:
    command = [sys.executable, "-c", PROGRAM, "--data", "a file"]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def test_the_program_starts_again_once_with_its_arguments() -> None:
    assert run_program() == f"{TUNABLES} --data a file"


def test_the_users_own_settings_stay() -> None:
    assert run_program(GLIBC_TUNABLES="glibc.malloc.hugetlb=0") == "glibc.malloc.hugetlb=0 --data a file"
