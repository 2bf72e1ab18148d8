"""Contributions as bars: in text, and as a picture."""

from __future__ import annotations

from html import escape
from typing import Final

from crmcore.monitoring.values import Contributions, Diligence

_FULL: Final = "█"
_PARTS: Final = " ▏▎▍▌▋▊▉"
_COLOURS: Final = {Diligence.OK: "#2e7d32", Diligence.POOR: "#f9a825", Diligence.INACTIVE: "#c62828"}
_ROW: Final = 24
_LABEL: Final = 180
_BAR: Final = 400
_NUMBER: Final = 80


def bars(found: Contributions, width: int = 40) -> list[str]:
    """Return a line for each user: login, a bar of at most ``width`` signs, and contributions of those expected."""
    logins = max((len(row.login) for row in found.rows), default=0)
    most = _most(found)
    return [f"{row.login.ljust(logins)}  {_bar(row.total, most, width)}  {row.total}/{row.expected}" for row in found.rows]


def svg(found: Contributions) -> str:
    """Return an SVG picture: a bar for each user, coloured by diligence, with a mark where the expected number is."""
    most = _most(found)
    height = _ROW * max(len(found.rows), 1)
    size = f'width="{_LABEL + _BAR + _NUMBER}" height="{height}"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">']
    for number, row in enumerate(found.rows):
        top, length, mark = number * _ROW, _BAR * row.total // most, _LABEL + _BAR * row.expected // most
        lines += [
            f'<text x="{_LABEL - 8}" y="{top + 16}" text-anchor="end">{escape(row.name or row.login)}</text>',
            f'<rect x="{_LABEL}" y="{top + 4}" width="{length}" height="{_ROW - 8}" fill="{_COLOURS[row.diligence]}"/>',
            f'<line x1="{mark}" y1="{top + 2}" x2="{mark}" y2="{top + _ROW - 2}" stroke="#555"/>',
            f'<text x="{_LABEL + length + 6}" y="{top + 16}">{row.total}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _most(found: Contributions) -> int:
    return max([1, *(max(row.total, row.expected) for row in found.rows)])


def _bar(value: int, most: int, width: int) -> str:
    eighths = value * width * 8 // most
    part = _PARTS[eighths % 8].strip()
    # Who did anything has a bar.
    return (_FULL * (eighths // 8) + part or (_PARTS[1] if value else "")).ljust(width)
