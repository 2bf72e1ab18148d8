"""Run sources, in this process or in a locked worker: the same call, the same results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from crmcore.scripting.errors import ScriptError
from crmcore.scripting.locked.engine import Engine, Options, Prepared, load_engine
from crmcore.scripting.locked.frames import plain
from crmcore.scripting.values import Record, freeze
from crmcore.scripting.worker.selecting import Tree, Trees, select

NONE: Final[Options] = MappingProxyType({})


class Runner(Protocol):
    """Run sources of the kinds that it has engines for."""

    def run(self, kind: str, source: str, context: Mapping[str, object], *, options: Options = NONE, tenant: str = "") -> object:
        """Run a source on one context, and return plain values: dicts, lists, and what JSON lacks as itself.

        ``context`` is name → a value that can be frozen; what the source does not read is not looked at. Sources of one ``tenant`` never
        share a process with those of another, where they have processes of their own.

        Raises:
            ScriptError: however the source does not end well.
            NotPlain: when the context holds what no script may see.
        """

    def run_many(
        self, kind: str, source: str, contexts: Iterable[Mapping[str, object]], *, options: Options = NONE, tenant: str = ""
    ) -> Iterator[object]:
        """Run a source on many contexts, and yield for each what it gave, or its `ScriptError`.

        Raises:
            ScriptError: when the source itself is refused, or ended its worker.
            NotPlain: as `run`.
        """

    def check(self) -> Mapping[str, str]:
        """Return the walls around sources, when they can be run here: name → "" or why it is missing; none in this process itself.

        Raises:
            WorkerUnavailable: ``SCRIPT_ISOLATION_UNAVAILABLE``, when they would have to run in a process that cannot be locked down.
        """

    def close(self) -> None:
        """Give back what the runner holds."""


class InProcess:
    """Run sources here: for those who wrote them for their own deployment."""

    def __init__(self, engines: Mapping[str, str]) -> None:
        """Take kind → ``module:attribute``; an engine is imported when it is first used."""
        self._targets = dict(engines)
        self._engines: dict[str, Engine] = {}
        self._trees = Trees()

    def run(self, kind: str, source: str, context: Mapping[str, object], *, options: Options = NONE, tenant: str = "") -> object:
        """Run a source on one context; see `Runner`."""
        del tenant
        prepared = self._engine(kind).prepare(source, options)
        tree = self._trees.of((kind, source), lambda: prepared.uses)
        return plain(prepared(select(context, tree, freeze, Record)))

    def run_many(
        self, kind: str, source: str, contexts: Iterable[Mapping[str, object]], *, options: Options = NONE, tenant: str = ""
    ) -> Iterator[object]:
        """Run a source on many contexts; see `Runner`."""
        del tenant
        prepared = self._engine(kind).prepare(source, options)
        return _each(prepared, self._trees.of((kind, source), lambda: prepared.uses), contexts)

    def check(self) -> Mapping[str, str]:
        """Need nothing, and have no walls."""
        return {}

    def close(self) -> None:
        """Hold nothing."""

    def _engine(self, kind: str) -> Engine:
        engine = self._engines.get(kind)
        if engine is None:
            engine = self._engines[kind] = load_engine(self._targets[kind])
        return engine


def _each(prepared: Prepared, tree: Tree | None, contexts: Iterable[Mapping[str, object]]) -> Iterator[object]:
    for context in contexts:
        frozen = select(context, tree, freeze, Record)
        try:
            answer = plain(prepared(frozen))
        except ScriptError as error:
            yield error
        else:
            yield answer
