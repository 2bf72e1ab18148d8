"""What a source reads of its context, and only that: freezing and sending the rest would cost more than the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crmcore.scripting.locked.engine import Path
from crmcore.scripting.values import Record

Tree = Mapping[str, "Tree | None"]
"""Name → the fields below it that are read, or None where all of the value is."""


def tree_of(paths: Iterable[Path]) -> Tree:
    """Return paths as a tree; a path that is the beginning of another wins, because it reads more."""
    root: dict[str, Any] = {}
    for path in sorted(set(paths), key=len):
        place = root
        for number, name in enumerate(path):
            last = number == len(path) - 1
            if name in place and place[name] is None:
                break
            if last:
                place[name] = None
            else:
                place = place.setdefault(name, {})
    return root


def select(
    context: Mapping[str, object],
    tree: Tree | None,
    convert: Callable[[object], object],
    gather: Callable[[dict[str, Any]], object],
) -> dict[str, object]:
    """Return what a tree names of a context: values through ``convert``, maps of a part of the fields through ``gather``.

    A name or field that is not there is left out; what happens then is for the source's own language to say.
    """
    if tree is None:
        return {name: convert(value) for name, value in context.items()}
    found: dict[str, object] = {}
    for name, below in tree.items():
        if name in context:
            value = context[name]
            found[name] = convert(value) if below is None else _part(value, below, convert, gather)
    return found


def _part(value: object, tree: Tree, convert: Callable[[object], object], gather: Callable[[dict[str, Any]], object]) -> object:
    fields = fields_of(value)
    if fields is None:
        # A path into something without fields: the source fails on it, as it should.
        return convert(value)
    return gather(select(fields, tree, convert, gather))


def fields_of(value: object) -> Mapping[str, object] | None:
    """Return the fields of a map, a record, or an object that shows itself to scripts; None for anything else."""
    if isinstance(value, Record):
        return value.fields
    if isinstance(value, Mapping):
        return value
    view = getattr(type(value), "__script_view__", None)
    shown: Mapping[str, object] | None = None if view is None else view(value)
    return shown


class Trees:
    """Remember what sources read, for the sources that were used last."""

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._found: dict[tuple[str, ...], Tree | None] = {}

    def of(self, key: tuple[str, ...], uses: Callable[[], Iterable[Path] | None]) -> Tree | None:
        """Return what a source reads, kept under a key; ``uses`` is asked when it is not known."""
        try:
            return self._found[key]
        except KeyError:
            paths = uses()
        tree = None if paths is None else tree_of(paths)
        if len(self._found) >= self._most:
            # All at once: cheaper than to remember who was used when, and sources are few.
            self._found.clear()
        self._found[key] = tree
        return tree
