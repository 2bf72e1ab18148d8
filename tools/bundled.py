"""The plugins that come with crmcore, loaded together: what the reference and the snapshot describe."""

from __future__ import annotations

from functools import cache
from typing import Final

from crmcore.registry import Registry, discover, load

DISTRIBUTION: Final = "crmcore"


@cache
def bundled_names() -> tuple[str, ...]:
    """Return the names of the plugins that the distribution of the core offers."""
    return tuple(name for name, entries in discover().items() if any(entry.distribution == DISTRIBUTION for entry in entries))


@cache
def load_bundled() -> Registry:
    """Return the registry of the core with every bundled plugin.

    Raises:
        StartError: when one of them does not start.
    """
    registry, _ = load(bundled_names())
    return registry
