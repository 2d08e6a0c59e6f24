"""Serve the page with trainings of a few steps: python -m tests.browser.teaching_page PORT."""

from __future__ import annotations

import sys
from functools import partial
from unittest import mock

from captcha_core.ui import teach_tab
from captcha_core.ui.blocks import build_page, serve
from captcha_core.ui.catalogue import open_catalogue
from captcha_core.ui.teach_job import Classroom
from captcha_core.ui.teach_process import Commands
from captcha_core.ui.upload_folder import own_folder
from tests.ui.test_teach_job import FAKE


def main(port: int) -> None:
    """Serve until the process is ended."""
    quick = Commands(train=(sys.executable, str(FAKE), "real"))
    with own_folder():
        with mock.patch.object(teach_tab, "Classroom", partial(Classroom, quick)):
            page = build_page(open_catalogue(None))
        serve(page, "127.0.0.1", port)


if __name__ == "__main__":
    main(int(sys.argv[1]))
