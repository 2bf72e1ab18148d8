"""The functions that a script may call: those of the language, and those that plugins declare."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from crmcore.labels import Label
from crmcore.scripting.faults import Fault
from crmcore.scripting.limits import Guard
from crmcore.scripting.values import MAX_ITEMS, NotPlain, freeze

_STEPS_OF_A_PLUGIN: Final = 50
"""What a call of a plugin's function weighs: it is the operator's own code, and nothing counts inside it."""


@attrs.frozen
class Function:
    """One function: ``fn`` gets the guard of the run, then the arguments. ``most`` is None for any number."""

    name: str
    fn: Callable[..., Any]
    least: int
    most: int | None
    keywords: frozenset[str] = frozenset()
    effect: bool = False
    """Whether it proposes a change, which only some scripts may."""

    def misfit(self, count: int, keywords: Iterable[str]) -> Label | None:
        """Return why it cannot be called like this."""
        given = list(keywords)
        unknown = next((name for name in given if name not in self.keywords), None)
        if unknown is not None:
            return Label(f"{self.name} non ha l'argomento {unknown}", f"{self.name} has no argument {unknown}")
        total = count + len(given)
        if total < self.least or (self.most is not None and total > self.most):
            return Label(f"{self.name} non si chiama con {total} argomenti", f"{self.name} is not called with {total} arguments")
        return None


@attrs.frozen(eq=False)
class Catalogue:
    """All functions by name. Two catalogues are never equal: what was compiled with one is not used with another."""

    functions: Mapping[str, Function]

    def extended(self, functions: Iterable[Function]) -> Catalogue:
        """Return a catalogue with more functions; none of the names there is given away."""
        return Catalogue(MappingProxyType({**{each.name: each for each in functions}, **self.functions}))


def function(fn: Callable[..., Any], name: str | None = None, *, effect: bool = False) -> Function:
    """Describe a function of the language: a Python function whose first parameter is the guard."""
    parameters = list(inspect.signature(fn).parameters.values())[1:]
    positional = [each for each in parameters if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}]
    any_number = any(each.kind is each.VAR_POSITIONAL for each in parameters)
    named = [each for each in parameters if each.kind in {each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY}]
    needed = [each for each in parameters if each.default is each.empty and each.kind is not each.VAR_POSITIONAL]
    return Function(
        name=name or fn.__name__.rstrip("_"),
        fn=fn,
        least=len(needed),
        most=None if any_number else len({each.name for each in (*positional, *named)}),
        keywords=frozenset(each.name for each in named),
        effect=effect,
    )


def plugin_function(name: str, fn: Callable[..., Any]) -> Function:
    """Describe a function of a plugin: it gets frozen copies, returns something that is frozen, and what it raises stays with us."""

    def call(guard: Guard, *arguments: object, **named: object) -> object:
        guard.charge(_STEPS_OF_A_PLUGIN)
        for each in (*arguments, *named.values()):
            guard.measure(each, MAX_ITEMS)
        try:
            found = freeze(fn(*map(freeze, arguments), **{key: freeze(each) for key, each in named.items()}))
        except NotPlain:
            raise Fault(Label(f"{name} non è riuscita", f"{name} failed")) from None
        except Exception as error:  # a border between plugins and scripts: the text of the error may hold anything
            raise Fault(Label(f"{name} non è riuscita", f"{name} failed")) from error
        guard.measure(found)
        return found

    like = function(_with_guard(fn), name)
    return attrs.evolve(like, fn=call)


def _with_guard(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return something with the signature of a function, and the guard in front."""
    signature = inspect.signature(fn)
    first = inspect.Parameter("guard", inspect.Parameter.POSITIONAL_ONLY)

    def like() -> None:
        """Stand for the function: it is never called."""

    like.__signature__ = signature.replace(parameters=[first, *signature.parameters.values()])  # type: ignore[attr-defined]
    return like
