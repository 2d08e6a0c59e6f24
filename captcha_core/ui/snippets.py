"""The same reading from a program: what to type for the settings that are chosen on the page."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from captcha_core.ui.restriction import Restriction

PICTURE = "captcha.png"


@dataclass(frozen=True)
class Snippets:
    """Code for one reading.

    Attributes:
        address: Of the page, without a slash at the end.
        model: Its name in the menu; None for the default.
        file: The model's file as the command line names it.
        restriction: What may stand in the text.
        has_accounts: Whether the page lets in only those who log in; NAME and PASSWORD then stand for theirs.
    """

    address: str
    model: str | None
    file: str | None
    restriction: Restriction
    has_accounts: bool = False

    def curl(self) -> str:
        """Return two requests with curl, after one to log in where that must be; what is not named has its default."""
        # For printf, which puts the picture in the place of the one %s.
        body = json.dumps({"picture": {"url": "PICTURE"}, **self._settings()})
        body = body.replace("\\", "\\\\").replace("%", "%%").replace("PICTURE", "data:image/png;base64,%s", 1)
        call = f"{self.address}/gradio_api/call"
        curl = "curl -s -b cookies.txt" if self.has_accounts else "curl -s"
        login = f"curl -s -c cookies.txt {self.address}/login -d username=NAME --data-urlencode password=PASSWORD\n"
        return (
            f"{login if self.has_accounts else ''}"
            f"EVENT=$(printf {shlex.quote(body)} \"$(base64 < {PICTURE} | tr -d '\\n')\" |\n"
            f"  {curl} {call}/v2/read -H 'Content-Type: application/json' -d @- | cut -d '\"' -f 4)\n"
            f"{curl} {call}/read/$EVENT"
        )

    def python(self) -> str:
        """Return a script for the Python client of Gradio."""
        settings = "".join(f", {name}={value!r}" for name, value in self._settings().items())
        auth = ', auth=("NAME", "PASSWORD")' if self.has_accounts else ""
        return (
            "from gradio_client import Client, handle_file  # pip install gradio_client\n\n"
            f"client = Client({self.address!r}{auth})\n"
            f'answer = client.predict(picture=handle_file("{PICTURE}"){settings}, api_name="/read")\n'
            'print(answer["text"], answer["confidence"])'
        )

    def command(self) -> str:
        """Return a line for predict.py, to run where this project lies."""
        words = ["python", "predict.py", PICTURE]
        words += [] if self.file is None else ["--checkpoint", self.file]
        # One word with "=", so that characters may begin with "-".
        words += [f"--allow={self.restriction.alphabet}"] if self.restriction.alphabet else []
        length = _length(self.restriction.min_length, self.restriction.max_length)
        words += ["--length", length] if length else []
        return shlex.join(words + (["--ignore-case"] if self.restriction.ignore_case else []))

    def _settings(self) -> dict[str, Any]:
        named = {
            "model": self.model,
            "alphabet": self.restriction.alphabet,
            "min_length": self.restriction.min_length,
            "max_length": self.restriction.max_length,
            "ignore_case": self.restriction.ignore_case or None,
        }
        return {name: value for name, value in named.items() if value not in (None, "")}


def _length(shortest: int | None, longest: int | None) -> str:
    """Return what ``predict.py --length`` takes; empty for any."""
    if longest is None:
        return f"{shortest}-" if shortest else ""
    return str(longest) if shortest == longest else f"{shortest or 0}-{longest}"
