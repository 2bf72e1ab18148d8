"""How a text is refused: what, and on which line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

from jinja2 import nodes

from crmcore.labels import Label
from crmcore.scripting.errors import Kind, ScriptError


def name_of(node: nodes.Node) -> str:
    """Return what a kind of node is called."""
    return type(node).__name__.lower()


def refuse(node: nodes.Node, italian: str, english: str) -> NoReturn:
    """Say what is not part of texts, and where.

    Raises:
        ScriptError: always.
    """
    raise ScriptError(Kind.FORBIDDEN, Label(italian, english), node.lineno or 1, 1)


def unknown(node: nodes.Node, italian: str, english: str, name: str, known: Iterable[str]) -> NoReturn:
    """Say that there is nothing of a name, and which name is near.

    Raises:
        ScriptError: always.
    """
    near = get_close_matches(name[:40], list(known), 1)
    it, en = (f" (forse {near[0]}?)", f" (perhaps {near[0]}?)") if near else ("", "")
    refuse(node, f"{italian} {name[:40]} non esiste{it}", f"there is no {english} {name[:40]}{en}")


def too_deep(node: nodes.Node) -> NoReturn:
    """Say that a text is larger than anything that is looked at.

    Raises:
        ScriptError: always.
    """
    text = Label("il testo è troppo annidato o troppo lungo", "the text is nested too deep, or too long")
    raise ScriptError(Kind.BUDGET, text, node.lineno or 1, 1)
