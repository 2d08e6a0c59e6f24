"""What is known of a text before it is read: the controls on the page, and what they and the endpoint mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError
from captcha_core.ui.context import PageContext
from captcha_core.ui.links import MOST_CHARACTERS, one_of, within, yes
from captcha_core.ui.wording import characters

ANY, OWN = "any", "own"
CHOICES = {
    ANY: "Any",
    "digits": "0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "lower36": "0-9 a-z",
    "upper36": "0-9 A-Z",
    OWN: "These:",
}
_RANGE = re.compile("[0-9]-[0-9]|[a-z]-[a-z]|[A-Z]-[A-Z]")
LONGEST = 20
RESTRICTION_LINKS = ("allow", "own", "shortest", "longest", "anycase")
"""What the controls are called in the page's address, in their order."""


@dataclass(frozen=True)
class Restriction:
    """What may stand in a text, as the endpoint ``/read`` takes it.

    Attributes:
        alphabet: The only characters, or a named alphabet; empty for all that the model reads.
        min_length: Fewest characters; None for no limit.
        max_length: Most characters; None for no limit.
        ignore_case: Whether letters that differ in case only count as one.
    """

    alphabet: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    ignore_case: bool = False

    def constraint(self) -> Constraint | None:
        """Return it as the recogniser takes it; None where every text is possible.

        Raises:
            CaptchaLabError: If no text is possible.
        """
        if len(self.alphabet or "") > MOST_CHARACTERS:
            raise CaptchaLabError(f"The alphabet has more than {MOST_CHARACTERS} characters; name fewer.")
        allowed = NAMED_ALPHABETS.get(self.alphabet or "", self.alphabet) or None
        constraint = Constraint(allowed, self.min_length or 0, self.max_length, self.ignore_case)
        return None if constraint == Constraint() else constraint


def chosen(choice: str, own: str, shortest: int, longest: int, ignore_case: bool = False) -> Restriction:
    """Return what the controls say; a length of 0 stands for any."""
    # In order and once each, characters never spell the name of an alphabet.
    alphabet = "".join(sorted(set(_spelled("".join((own or "").split()))))) if choice == OWN else choice
    return Restriction("" if choice == ANY else alphabet, shortest or None, longest or None, ignore_case)


def _spelled(characters: str) -> str:
    """Return characters with ranges such as A-F as all that they stand for."""
    return _RANGE.sub(
        lambda found: "".join(map(chr, range(ord(found[0][0]), ord(found[0][2]) + 1))) or found[0], characters
    )


def in_words(constraint: Constraint) -> str:
    """Say what a constraint allows, such as "0-9; 4 to 6 characters"."""
    said = [] if constraint.allowed is None else [characters(constraint.allowed)]
    if constraint.limits_length:
        said.append(f"at most {constraint.max_length} characters" if not constraint.min_length else constraint.lengths)
    said += ["case does not matter"] if constraint.ignore_case else []
    return "; ".join(said)


def add_restriction(context: PageContext) -> list[gr.components.Component]:
    """Add the controls, kept in the page's address; return them in the order of :func:`chosen`."""
    choice = gr.Radio([(label, name) for name, label in CHOICES.items()], value=ANY, label="Characters")
    own = gr.Textbox(
        "", label="Only these characters", placeholder="such as A-F2345x", max_lines=1, max_length=MOST_CHARACTERS,
        visible=False,
    )  # fmt: skip
    # Menus and not gr.Number, which turns "no number" into 0 when a closed accordion opens (Gradio 6.31).
    lengths = [("any", 0), *((str(length), length) for length in range(1, LONGEST + 1))]
    with gr.Row():
        shortest, longest = (
            gr.Dropdown(lengths, value=0, label=label, filterable=False, min_width=80)
            for label in ("Fewest characters", "Most characters")
        )
    ignore_case = gr.Checkbox(False, label="Case does not matter: A is read as a")
    choice.change(
        lambda name: gr.Textbox(visible=name == OWN), choice, own, queue=False, api_visibility="private",
        show_progress="hidden",
    )  # fmt: skip
    controls: list[gr.components.Component] = [choice, own, shortest, longest, ignore_case]
    parsers: list[Callable[[str], Any]] = [one_of(list(CHOICES)), str, *[within(0, LONGEST)] * 2, yes]
    for name, control, parse in zip(RESTRICTION_LINKS, controls, parsers, strict=True):
        context.links.add(name, control, parse)
    return controls
