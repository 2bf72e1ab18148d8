"""Import asteval without numpy, which it takes wherever it finds it: a third of a second, and nothing that a rule may touch."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Final

_ASTEVAL: Final = "asteval"
_UNWANTED: Final = frozenset({"numpy", "numpy_financial"})


class _Refusing(MetaPathFinder):
    """Finds no numpy for the thread that made it; other threads of the process may import it meanwhile."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Refuse what is unwanted, and leave the rest to the others.

        Raises:
            ModuleNotFoundError: for numpy.
        """
        del path, target
        if threading.get_ident() == self._thread and fullname in _UNWANTED:
            raise ModuleNotFoundError(fullname, name=fullname)


@contextmanager
def without_numpy() -> Iterator[None]:
    """Let what is imported here find no numpy that is not there already.

    An asteval that was imported so is ours alone: who else imports it in this process gets one with whatever it finds.
    """
    if _ASTEVAL in sys.modules or "numpy" in sys.modules:
        yield
        return
    refusing = _Refusing()
    sys.meta_path.insert(0, refusing)
    try:
        yield
    finally:
        sys.meta_path.remove(refusing)
        for name in [name for name in sys.modules if name == _ASTEVAL or name.startswith(f"{_ASTEVAL}.")]:
            del sys.modules[name]
