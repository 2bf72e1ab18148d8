"""Pictures of state tables: Mermaid text, and SVG with a layout of its own (layers from left to right)."""

from __future__ import annotations

import re
from collections import defaultdict
from html import escape
from typing import Final

import attrs

from crmcore.hooks import State, StateTable, Transition

_WIDTH: Final = 170
_HEIGHT: Final = 54
_GAP_X: Final = 110
_GAP_Y: Final = 46
_MARGIN: Final = 40
_LONGEST: Final = 22
_ARROW: Final = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z" fill="#495057"/></marker></defs>'
)
_GREY: Final = "#6c757d"
_COLOUR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_MERMAID: Final = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "#": "#35;", "`": "#96;", "\\": "#92;", "\n": " ", "\r": " "}


def mermaid(table: StateTable, lang: str) -> str:
    """Return a Mermaid flowchart of a table; every label is quoted and escaped."""
    names = {state.code: f"s{number}" for number, state in enumerate(table.states)}
    lines = ["flowchart LR"]
    for state in table.states:
        text = _mermaid(_title(state, lang))
        shape = ('(["', '"])') if state.terminal or state.flags.get("blocking") else ('["', '"]')
        lines.append(f"    {names[state.code]}{shape[0]}{text}{shape[1]}")
    for step in table.transitions:
        label = f'-->|"{_mermaid(_step_text(step))}"|' if _step_text(step) else "-->"
        lines.append(f"    {names[step.source]} {label} {names[step.target]}")
    for state in table.states:
        border = "stroke-width:3px" if state.default else "stroke-width:1px"
        dashed = ",stroke-dasharray:4 3" if state.obsolete else ""
        lines.append(f"    style {names[state.code]} fill:{_colour(state)},color:{_ink(state)},{border}{dashed}")
    return "\n".join(lines) + "\n"


def svg(table: StateTable, lang: str) -> str:
    """Return an SVG picture of a table, complete in itself: no scripts, no fonts, no links."""
    places = _places(table)
    width = max((place.x for place in places.values()), default=0) + _WIDTH + _MARGIN
    bottom = max((place.y for place in places.values()), default=0) + _HEIGHT
    backward = [step for step in table.transitions if places[step.target].x <= places[step.source].x]
    height = bottom + _MARGIN + 24 * len(backward)
    title = escape(table.label.text(lang))
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13" role="img">',
        f"<title>{title}</title>",
        _ARROW,
        f'<text x="{_MARGIN}" y="24" font-size="15" font-weight="bold">{title}</text>',
    ]
    parts += [_edge(step, places, bottom + 24 * (backward.index(step) + 1) if step in backward else None) for step in table.transitions]
    parts += [_node(state, places[state.code], lang) for state in table.states]
    return "\n".join([*parts, "</svg>"]) + "\n"


@attrs.frozen
class _Place:
    x: int
    y: int


def _places(table: StateTable) -> dict[str, _Place]:
    """Put each state into the layer after the last one from which a step leads forward to it."""
    order = {state.code: (state.order, number) for number, state in enumerate(table.states)}
    layer = dict.fromkeys(order, 0)
    for code in sorted(order, key=order.__getitem__):
        for step in table.transitions:
            if step.source == code and order[step.target] > order[code]:
                layer[step.target] = max(layer[step.target], layer[code] + 1)
    if not table.transitions:
        # Everything leads everywhere: one row in their order.
        layer = {code: number for number, code in enumerate(sorted(order, key=order.__getitem__))}
    rows: dict[int, int] = defaultdict(int)
    places = {}
    for code in sorted(order, key=order.__getitem__):
        column = layer[code]
        places[code] = _Place(_MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + rows[column] * (_HEIGHT + _GAP_Y))
        rows[column] += 1
    return places


def _node(state: State, place: _Place, lang: str) -> str:
    stroke = 3 if state.default else 1
    dashed = ' stroke-dasharray="4 3"' if state.obsolete else ""
    radius = _HEIGHT // 2 if state.terminal or state.flags.get("blocking") else 6
    middle, line = place.x + _WIDTH // 2, place.y + _HEIGHT // 2
    flags = ", ".join(name for name, value in sorted(state.flags.items()) if value is True)
    ink = _ink(state)
    title, small = escape(_short(_title(state, lang))), escape(_short(flags))
    rect = f'<rect x="{place.x}" y="{place.y}" width="{_WIDTH}" height="{_HEIGHT}" rx="{radius}" fill="{_colour(state)}" stroke="#343a40" '
    texts = f'<text x="{middle}" y="{line + (0 if flags else 5)}" text-anchor="middle" fill="{ink}">{title}</text>'
    if flags:
        texts += f'<text x="{middle}" y="{line + 17}" text-anchor="middle" font-size="10" fill="{ink}">{small}</text>'
    return f'<g>{rect}stroke-width="{stroke}"{dashed}><title>{escape(_title(state, lang))}</title></rect>{texts}</g>'


def _edge(step: Transition, places: dict[str, _Place], under: int | None) -> str:
    source, target = places[step.source], places[step.target]
    if under is None:
        x1, y1, x2, y2 = source.x + _WIDTH, source.y + _HEIGHT // 2, target.x, target.y + _HEIGHT // 2
        bend = max(40, (x2 - x1) // 2)
        path = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
        label_x, label_y = (x1 + x2) // 2, (y1 + y2) // 2 - 6
    else:
        # Back, or inside a layer: below everything, so that it crosses no state.
        x1, x2 = source.x + _WIDTH // 2, target.x + _WIDTH // 2 + (12 if step.source == step.target else 0)
        path = f"M{x1} {source.y + _HEIGHT} V{under} H{x2} V{target.y + _HEIGHT}"
        label_x, label_y = (x1 + x2) // 2, under - 4
    text = _step_text(step)
    label = (
        f'<text x="{label_x}" y="{label_y}" text-anchor="middle" font-size="10" fill="#495057">{escape(_short(text))}</text>'
        if text
        else ""
    )
    return f'<g><path d="{path}" fill="none" stroke="#495057" marker-end="url(#arrow)"/>{label}</g>'


def _title(state: State, lang: str) -> str:
    return f"{state.code} {state.label.text(lang)}"


def _step_text(step: Transition) -> str:
    parts = [", ".join(step.groups), f"[{step.guard}]" if step.guard else "", f"({step.variant})" if step.variant else ""]
    return " ".join(part for part in parts if part)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _mermaid(text: str) -> str:
    return "".join(_MERMAID.get(character, character) for character in text)


def _colour(state: State) -> str:
    return state.colour if _COLOUR.match(state.colour) else _GREY


def _ink(state: State) -> str:
    """Return black or white, whichever can be read on the colour of a state."""
    digits = _colour(state)[1:]
    if len(digits) == 3:  # noqa: PLR2004 - #rgb
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue = (int(digits[start : start + 2], 16) for start in (0, 2, 4))
    return "#000000" if red * 299 + green * 587 + blue * 114 > 140_000 else "#ffffff"  # noqa: PLR2004 - perceived brightness
