"""What runs sources of one kind: rules, templates. The same engine runs in this process and inside a locked worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

Path = tuple[str, ...]
"""A name, or a name and the fields below it."""

Context = Mapping[str, object]
"""Name → frozen value, as a script sees it."""

Options = Mapping[str, Any]
"""What an engine may be told beside the source, as plain values: the channel of a template, the limits of a run."""


class Prepared(Protocol):
    """A source that was checked and compiled."""

    @property
    def uses(self) -> Sequence[Path] | None:
        """What the source reads of its context; nothing else is frozen or sent. None when that is not known."""

    def __call__(self, context: Context) -> object:
        """Run on one context and return plain values.

        Raises:
            ScriptError: however it does not end well.
        """


class Engine(Protocol):
    """Run sources of one kind.

    A worker names its engines as ``module:attribute`` and imports them before it locks itself down. They keep no state that a source can
    reach but what they compiled.
    """

    def warm(self) -> None:
        """Import and try everything that a run may need: nothing can be imported later in a locked worker."""

    def prepare(self, source: str, options: Options) -> Prepared:
        """Check and compile a source, or find it compiled.

        Raises:
            ScriptError: when the source is refused.
        """


def load_engine(target: str) -> Engine:
    """Return the engine that ``module:attribute`` names."""
    module, _, attribute = target.partition(":")
    engine: Engine = getattr(import_module(module), attribute)
    return engine
