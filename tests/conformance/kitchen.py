"""Plugins to examine: where they are, and how to be rid of them."""

from __future__ import annotations

import gc
import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs

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


@contextmanager
def imported(name: str, *folders: Path) -> Iterator[ModuleType]:
    """Import a plugin from the folders, and leave the process as it was: without its modules, tables and whatever it changed."""
    tables, modules, attributes = set(METADATA.tables), set(sys.modules), set(vars(Account))
    sys.path[:0] = [str(folder) for folder in folders]
    module: ModuleType | None = None
    try:
        module = importlib.import_module(name)
        yield module
    finally:
        if hasattr(module, "undo"):
            module.undo()
        for folder in folders:
            sys.path.remove(str(folder))
        for table in set(METADATA.tables) - tables:
            METADATA.remove(METADATA.tables[table])
        for other in set(sys.modules) - modules:
            if _is_from(sys.modules[other], folders):
                del sys.modules[other]
        assert set(vars(Account)) == attributes
        module = None
        gc.collect()


def _is_from(module: ModuleType, folders: tuple[Path, ...]) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(Path(place).is_relative_to(folder) for place in places if place for folder in folders)
