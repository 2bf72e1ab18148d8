"""What the expressions of a text read: paths of names, as written and as meant."""

from __future__ import annotations

import attrs
from jinja2 import nodes

Path = tuple[str, ...]


@attrs.frozen
class Placeholder:
    """A field that a text reads, and where."""

    path: Path
    line: int


@attrs.define
class Scope:
    """What the names of a text stand for: a path of the context that they are another name of, or None for something of the text's own."""

    names: dict[str, Path | None] = attrs.Factory(dict)
    outer: Scope | None = None

    def find(self, name: str) -> tuple[bool, Path | None]:
        """Return whether the text gave the name itself, and for what."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return True, scope.names[name]
            scope = scope.outer
        return False, None


def steps(node: nodes.Node) -> Path | None:
    """Return an expression as names: ``a.b["c"]`` is ``("a", "b", "c")``; None for any other."""
    names: list[str] = []
    while not isinstance(node, nodes.Name):
        name = node.attr if isinstance(node, nodes.Getattr) else key_of(node) if isinstance(node, nodes.Getitem) else None
        if name is None or not isinstance(node, nodes.Getattr | nodes.Getitem):
            return None
        names.append(name)
        node = node.node
    return node.name, *reversed(names)


def key_of(node: nodes.Getitem) -> str | None:
    """Return the name that an item is asked for by, when it is written down."""
    return node.arg.value if isinstance(node.arg, nodes.Const) and type(node.arg.value) is str else None


def label_of(node: nodes.Node) -> str:
    """Return how a placeholder is called when it has no value: its path, or the first one inside of it."""
    for each in (node, *node.find_all((nodes.Name, nodes.Getattr, nodes.Getitem))):
        path = steps(each)
        if path is not None:
            return ".".join(path)[:100]
    return "?"
