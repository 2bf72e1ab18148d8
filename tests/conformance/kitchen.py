"""Plugins to examine: where they are, and how to be rid of them."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs
from sqlalchemy import Table

from crmcore.model import METADATA, Account
from crmcore.testing import Kind

HERE: Final = Path(__file__).parent
BROKEN: Final = HERE.parent / "broken_plugins"
SOUND: Final = HERE / "plugins"

_EXPECTED: Final = re.compile(r"Expected: (?P<code>[A-Z_]+) (?P<thing>.+)\nFound by: (?P<check>\w+)(?: on (?P<kind>\w+))?")


@attrs.frozen
class Broken:
    """A broken plugin, and what its docstring says about it."""

    name: str
    code: str
    thing: str
    check: str
    kind: Kind

    @classmethod
    def all(cls) -> list[Broken]:
        """Read every module and package of the folder."""
        found = []
        for path in sorted(BROKEN.iterdir()):
            source = path if path.suffix == ".py" else path / "__init__.py"
            if not source.exists() or path.name.startswith("_"):
                continue
            match = _EXPECTED.search(source.read_text())
            assert match, f"{source} does not say what is expected"
            found.append(cls(path.stem, match["code"], match["thing"], match["check"], match["kind"] or "sqlite"))
        return found


_TABLES: Final[dict[str, list[Table]]] = {}
"""Plugin → its tables. A class cannot be mapped twice in one process, so what was imported once is taken up again."""


@contextmanager
def imported(name: str, folder: Path) -> Iterator[ModuleType]:
    """Import a plugin from a folder, and leave the process without its tables and whatever else it changed."""
    before, attributes = set(METADATA.tables), set(vars(Account))
    for table in _TABLES.get(name, ()):
        METADATA._add_table(table.name, table.schema, table)
    sys.path.insert(0, str(folder))
    module: ModuleType | None = None
    try:
        module = importlib.import_module(name)
        yield module
    finally:
        if hasattr(module, "undo"):
            module.undo()
        sys.path.remove(str(folder))
        _TABLES[name] = [METADATA.tables[table] for table in METADATA.tables if table not in before]
        for table in _TABLES[name]:
            METADATA.remove(table)
        assert set(vars(Account)) == attributes
