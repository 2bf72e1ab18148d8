"""The pipeline and the forecast as bars: in text, and as a picture. Each bar has a dark part, which is likely or won, in a light one."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import escape
from typing import Final

import attrs

from crmcore_offers.reports.forecast import Forecast
from crmcore_offers.reports.pipeline import Pipeline

_FULL, _LIGHT, _MARK = "█", "░", "│"
_ROW: Final = 24
_LABEL: Final = 200
_BAR: Final = 400
_NUMBER: Final = 120


@attrs.frozen
class Bar:
    """One bar: ``dark`` is a part of ``whole``; ``mark`` is where the target is, if there is one."""

    label: str
    dark: Decimal
    whole: Decimal
    mark: Decimal | None = None


def bars_of(report: Pipeline | Forecast, lang: str = "it") -> tuple[Bar, ...]:
    """Return the bars of a report: weighted in taxable of the pipeline, won in expected of the forecast with its target."""
    if isinstance(report, Pipeline):
        return tuple(Bar(line.label.text(lang), line.weighted, line.taxable) for line in report.lines)
    names = (f"{line.period} {line.name}".strip() for line in report.lines)
    return tuple(Bar(name, line.won, line.expected, line.target) for name, line in zip(names, report.lines, strict=True))


def text_chart(bars: Iterable[Bar], width: int = 40) -> list[str]:
    """Return a line for each bar, at most ``width`` signs long."""
    found = list(bars)
    labels = max((len(bar.label) for bar in found), default=0)
    most = _most(found)
    return [f"{bar.label.ljust(labels)}  {_drawn(bar, most, width)}  {bar.whole}" for bar in found]


def svg_chart(bars: Iterable[Bar]) -> str:
    """Return an SVG picture: a bar for each, with a line where its target is."""
    found = list(bars)
    most = _most(found)
    size = f'width="{_LABEL + _BAR + _NUMBER}" height="{_ROW * max(len(found), 1)}"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">']
    for number, bar in enumerate(found):
        top = number * _ROW
        whole, dark = _length(bar.whole, most, _BAR), _length(bar.dark, most, _BAR)
        lines += [
            f'<text x="{_LABEL - 8}" y="{top + 16}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{_LABEL}" y="{top + 4}" width="{whole}" height="{_ROW - 8}" fill="#a5d8ff"/>',
            f'<rect x="{_LABEL}" y="{top + 4}" width="{dark}" height="{_ROW - 8}" fill="#1971c2"/>',
            f'<text x="{_LABEL + _BAR + 8}" y="{top + 16}">{bar.whole}</text>',
        ]
        if bar.mark is not None:
            mark = _LABEL + _length(bar.mark, most, _BAR)
            lines.append(f'<line x1="{mark}" y1="{top + 2}" x2="{mark}" y2="{top + _ROW - 2}" stroke="#c92a2a" stroke-width="2"/>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _most(bars: Iterable[Bar]) -> Decimal:
    return max([Decimal(1), *(max(bar.whole, bar.dark, bar.mark or Decimal(0)) for bar in bars)])


def _length(value: Decimal, most: Decimal, width: int) -> int:
    """Return how long a bar is; amounts below zero have none."""
    return max(int(value * width / most), 0)


def _drawn(bar: Bar, most: Decimal, width: int) -> str:
    whole, dark = _length(bar.whole, most, width), _length(bar.dark, most, width)
    signs = list((_FULL * dark + _LIGHT * (whole - dark)).ljust(width))
    if bar.mark is not None:
        signs[min(_length(bar.mark, most, width), width - 1)] = _MARK
    return "".join(signs).rstrip().ljust(width)
