"""State in modules: what a plugin's modules and classes hold is the same after it worked as before."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, MappingProxyType, ModuleType
from typing import Final

import attrs
from sqlalchemy.orm import DeclarativeBase

from crmcore.errors import Problem
from crmcore.testing.conformance.scene import Scene
from crmcore.testing.conformance.subject import Bench, Subject

_DEEPEST: Final = 6
_VALUES: Final = (str, bytes, int, float, complex, bool, type(None))
_COLLECTIONS: Final = (list, tuple, set, frozenset)


def stateless(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Keep nothing in a module or class: one process may hold several CRMs."""
    before = _snapshot(subject)
    with bench.fresh() as crm:
        Scene(crm, subject).everything()
    after = _snapshot(subject)
    for (module, name), (kind, shape) in after.items():
        # Modules that were imported meanwhile are compared next time.
        known = before.get((module, name))
        if (known is None and any(key[0] == module for key in before)) or (known is not None and known[1] != shape):
            yield subject.problem("PLUGIN_STATEFUL", f"{module}.{name}", module=module, name=name, type=kind)


def _snapshot(subject: Subject) -> dict[tuple[str, str], tuple[str, object]]:
    """Return (module, name) → (type, shape of the value)."""
    found: dict[tuple[str, str], tuple[str, object]] = {}
    for name, module in list(sys.modules.items()):
        if subject.is_own_module(name):
            for key, value in _held(module):
                found[name, key] = (type(value).__name__, _shape(value))
    return found


def _held(module: ModuleType) -> Iterator[tuple[str, object]]:
    for name, value in list(vars(module).items()):
        if name.startswith("__") or isinstance(value, ModuleType):
            continue
        if not isinstance(value, type):
            yield name, value
        elif value.__module__ == module.__name__:
            for attribute, held in list(vars(value).items()):
                if not attribute.startswith(("__", "_sa_")) and not (issubclass(value, DeclarativeBase) and _is_mapped(held)):
                    yield f"{name}.{attribute}", held


def _is_mapped(value: object) -> bool:
    return type(value).__module__.startswith("sqlalchemy.")


def _shape(value: object, depth: int = 0) -> object:  # noqa: PLR0911 - one answer for each kind of value
    """Return something that compares equal as long as a value was neither replaced nor changed."""
    if isinstance(value, _VALUES):
        return (type(value).__name__, value)
    if depth > _DEEPEST or isinstance(value, type | FunctionType | ModuleType) or _is_mapped(value):
        return id(value)
    if isinstance(value, Mapping | MappingProxyType):
        return ("mapping", [(_shape(key, depth + 1), _shape(held, depth + 1)) for key, held in value.items()])
    if isinstance(value, _COLLECTIONS):
        members = [_shape(each, depth + 1) for each in value]
        return (type(value).__name__, sorted(members, key=repr) if isinstance(value, set | frozenset) else members)
    if isinstance(value, bytearray | itertools.count):
        return repr(value)
    if attrs.has(type(value)) or hasattr(value, "__dict__"):
        return (id(value), [(name, _shape(held, depth + 1)) for name, held in sorted(getattr(value, "__dict__", {}).items())])
    try:
        # Queues and the like: their content is what they can be walked through for.
        return (id(value), len(value), repr(value))  # type: ignore[arg-type] # anything else has no length, and is caught
    except TypeError:
        return id(value)
