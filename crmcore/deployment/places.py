"""Where a value stands in a file, so that every problem says line and column."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

KeyPath = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""


@attrs.frozen
class Mark:
    """A position in a file; line and column count from 1."""

    line: int
    column: int


def dotted(path: KeyPath) -> str:
    """Return a path as people write it: ``settings.dialer.slots[2].hour``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text


@attrs.frozen
class Source:
    """Name what a configuration came from, with the marks of its keys and values when that was a file.

    ``prefix`` is the path of the part that is looked at; problems show the whole path.
    """

    name: str
    keys: Mapping[KeyPath, Mark] = attrs.field(factory=dict, repr=False)
    values: Mapping[KeyPath, Mark] = attrs.field(factory=dict, repr=False)
    prefix: KeyPath = ()

    def under(self, *path: str | int) -> Source:
        """Return the same source, seen from a part of it."""
        return attrs.evolve(self, prefix=(*self.prefix, *path))

    def mark(self, path: KeyPath, *, key: bool = False) -> Mark | None:
        """Return where the value (or its key) at ``path`` is, or the nearest thing around it."""
        whole = (*self.prefix, *path)
        if key and whole in self.keys:
            return self.keys[whole]
        while whole:
            # What is missing is reported where it would have to be written: at the key that should hold it.
            found = self.values.get(whole) if whole == (*self.prefix, *path) else self.keys.get(whole, self.values.get(whole))
            if found is not None:
                return found
            whole = whole[:-1]
        return self.values.get(())

    def place(self, path: KeyPath, *, key: bool = False) -> str:
        """Return ``file:line:column`` of ``path``, or the name alone when there is no file."""
        mark = self.mark(path, key=key)
        return f"{self.name}:{mark.line}:{mark.column}" if mark else self.name

    def dotted(self, path: KeyPath) -> str:
        """Return the whole path in text."""
        return dotted((*self.prefix, *path))
