"""Where a text goes, and what has to happen to values, and to the author's own words, on the way there."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from html import escape as escape_html
from typing import Final

import attrs


class Channel(enum.Enum):
    """Where a rendered text goes; each escapes in its own way (I-52)."""

    SCREEN = "screen"
    """A plain text that is shown in a page, as call scripts are: the author's words are escaped too, and lines stay lines."""
    HTML = "html"
    """A page or letter whose author writes HTML: values are escaped, inside quoted attributes too."""
    TEXT = "text"
    """Plain text: nothing but characters that control terminals is taken away."""
    HEADER = "header"
    """A header of an e-mail: one line, whatever is in it."""
    CSV = "csv"
    """A row of a table: values are quoted where they need it, and none is taken for a formula."""


_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, and those that turn the direction of writing: they show another text than there is."""
_BREAKS: Final = re.compile("[\\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CELL: Final = re.compile('[;,"\t\r\n]')
_FORMULA: Final = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""The signs that formulas begin with, also as Asian keyboards write them."""
_FIGURE: Final = re.compile(r"[+-]?[0-9][0-9 .,/()-]*")


def _text(value: str) -> str:
    return _CONTROLS.sub("", value) if not value.isprintable() else value


def _html(value: str) -> str:
    return escape_html(_text(value))


def _screen(value: str) -> str:
    return _html(value).replace("\n", "<br>\n")


def _header(value: str) -> str:
    return _CONTROLS.sub("", _BREAKS.sub(" ", value))


def _cell(value: str) -> str:
    value = _text(value)
    stripped = value.lstrip()
    # A sheet takes such a text for a formula; telephone numbers and amounts are none.
    if stripped and _FORMULA.match(stripped) and not _FIGURE.fullmatch(stripped):
        value = f"'{value}"
    return '"' + value.replace('"', '""') + '"' if _CELL.search(value) else value


def _as_it_is(value: str) -> str:
    return value


@attrs.frozen
class Escaping:
    """What a channel does: to values, to the author's words, and whether links become links there."""

    value: Callable[[str], str]
    words: Callable[[str], str]
    links: bool = False


ESCAPING: Final[Mapping[Channel, Escaping]] = {
    Channel.SCREEN: Escaping(_screen, _screen, links=True),
    Channel.HTML: Escaping(_html, _as_it_is, links=True),
    Channel.TEXT: Escaping(_text, _as_it_is),
    Channel.HEADER: Escaping(_header, _header),
    Channel.CSV: Escaping(_cell, _as_it_is),
}
GROWTH: Final = 6
"""How many characters one may become: ``&quot;``."""
