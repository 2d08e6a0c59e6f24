"""What every command line of the project shares: how it ends."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import NoReturn

from captcha_core.errors import CaptchaLabError


def run(main: Callable[[list[str]], int]) -> NoReturn:
    """Run a command and leave with its exit code.

    Args:
        main: Takes the arguments after the program's name, returns the exit code.

    Exits with 2 and one plain line when the user can mend something (:class:`CaptchaLabError`), with 130 on
    Ctrl-C, and quietly when the reader of a pipe went away. Any other exception is a bug and shows its trace.
    """
    # Pillow warns about pictures that the size bound in captcha_core.imaging refuses in plain words anyway, and about
    # damaged metadata, which nobody looks at.
    warnings.filterwarnings("ignore", message="Image size .* exceeds limit")
    warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except CaptchaLabError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        # Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)
