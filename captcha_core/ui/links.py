"""Deep links: the address of the page keeps what was chosen, so that a link opens it as it was.

The browser writes every change into the address, without a request. What an address says is checked here before a
component gets it, since anybody can write one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

MOST_CHARACTERS = 400
TAB = "tab"


@dataclass(frozen=True)
class Link:
    """A component whose value is kept in the address.

    Attributes:
        name: Its name in the address.
        component: The component.
        parse: Turns the text of an address into a value; raises ValueError where it is none.
        start: The value that is not written.
    """

    name: str
    component: Any
    parse: Callable[[str], Any]
    start: Any


class DeepLinks:
    """The components of a page that its address keeps."""

    def __init__(self) -> None:
        """Begin with none."""
        self._links: list[Link] = []
        self._folds: list[tuple[gr.Accordion, Collection[str]]] = []
        self._tabs: gr.Tabs | None = None
        self._children: dict[str, gr.Tab] = {}

    def add(self, name: str, component: Any, parse: Callable[[str], Any] = str) -> None:
        """Keep a component's value under a name; its present value is the one that needs no keeping."""
        self._links.append(Link(name, component, parse, component.value))

    def unfold(self, accordion: gr.Accordion, names: Collection[str]) -> None:
        """Open an accordion where the address says something of a component inside, by the names of those."""
        self._folds.append((accordion, names))

    def add_tabs(self, tabs: gr.Tabs, children: Mapping[str, gr.Tab]) -> None:
        """Keep which tab is open, by the tabs' ids; the first one needs no keeping."""
        self._tabs, self._children = tabs, dict(children)

    def connect(self, page: gr.Blocks) -> None:
        """Make the address and the components follow each other; call this inside the page, when all is added."""
        components = [link.component for link in self._links]
        outputs = [*components, *(accordion for accordion, _ in self._folds)]
        if self._tabs is not None:
            outputs.append(self._tabs)
        page.load(self.open, None, outputs, api_visibility="private", queue=False, show_progress="hidden")
        for link in self._links:
            keep = f"(value) => window.clKeep({json.dumps(link.name)}, {json.dumps(link.start)}, value)"
            link.component.change(None, link.component, None, js=keep, api_visibility="private")
        for name, tab in self._children.items():
            keep = (
                f"() => window.clKeep({json.dumps(TAB)}, {json.dumps(next(iter(self._children)))}, {json.dumps(name)})"
            )
            tab.select(None, None, None, js=keep, api_visibility="private")
        self._follow_back()

    def _follow_back(self) -> None:
        """Show the tab that the address names after the browser's Back and Forward, which press a hidden button."""
        if self._tabs is None:
            return
        first = next(iter(self._children))
        gr.Button("Show", visible="hidden", elem_id="cl-moved").click(
            lambda name: gr.Tabs(selected=name) if name in self._children else gr.skip(),
            gr.Textbox(first, visible=False),
            self._tabs,
            js=f"() => new URL(window.location).searchParams.get({json.dumps(TAB)}) ?? {json.dumps(first)}",
            api_visibility="private",
            queue=False,
            show_progress="hidden",
        )

    def open(self, request: gr.Request) -> list[Any]:
        """Return an update for every component, accordion and the tabs: what the address says, or nothing."""
        query = request.query_params
        updates = [_update(link, query) for link in self._links]
        said = {link.name for link, update in zip(self._links, updates, strict=True) if update != gr.skip()}
        updates += [gr.skip() if said.isdisjoint(names) else gr.Accordion(open=True) for _, names in self._folds]
        if self._tabs is not None:
            name = query.get(TAB)
            updates.append(gr.Tabs(selected=name) if name in self._children else gr.skip())
        return updates


def one_of(choices: list[str]) -> Callable[[str], str]:
    """Return a parser that takes only these."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return parse


def within(low: float, high: float, kind: type[int] | type[float] = int) -> Callable[[str], float]:
    """Return a parser that takes only numbers from ``low`` to ``high``."""

    def parse(text: str) -> float:
        number = kind(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return parse


def yes(text: str) -> bool:
    """Take what the address says of a box that is ticked."""
    if text != "true":
        raise ValueError(text)
    return True


def _update(link: Link, query: Mapping[str, str]) -> Any:
    text = query.get(link.name)
    if text is None or len(text) > MOST_CHARACTERS:
        return gr.skip()
    try:
        value = link.parse(text)
    except ValueError:
        return gr.skip()
    return gr.update(value=value)


# The browser's Back leads to the tab before, but does not undo one slider at a time.
KEEP_JS = """
window.clKeep = (name, start, value) => {
  const address = new URL(window.location);
  if (value === null || value === undefined || value === "" || String(value) === String(start))
    address.searchParams.delete(name);
  else address.searchParams.set(name, value);
  if (address.href === window.location.href) return;
  if (name === "tab") window.history.pushState(window.history.state, "", address);
  else window.history.replaceState(window.history.state, "", address);
};
window.addEventListener("popstate", () => document.querySelector("#cl-moved")?.click());
"""
