"""Run sources in locked workers: nothing of what an untrusted author wrote is even read in the parent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any, Final, TypeVar

from crmcore.labels import Label
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.limits import DEFAULT_LIMITS
from crmcore.scripting.locked.engine import Options, Path
from crmcore.scripting.locked.frames import BadFrame, encode, escape, pack, unpack, unpack_error
from crmcore.scripting.values import freeze
from crmcore.scripting.worker.pool import WorkerPool
from crmcore.scripting.worker.process import Loss, WorkerGone, WorkerProcess, WorkerStale
from crmcore.scripting.worker.runner import NONE
from crmcore.scripting.worker.selecting import Tree, Trees, select

_TRIES: Final = 3
_CHUNK: Final = 500
"""Contexts in one request."""
_CHUNK_SECONDS: Final = 2.0
"""After so long a worker answers what it has."""
_GRACE: Final = 1.0
"""Seconds that a busy machine may add to four times what a run may take."""
_MOST_PATHS: Final = 10_000

TIMEOUT: Final = Label("lo script impiega troppo tempo", "the script takes too long")
MEMORY: Final = Label("lo script usa troppa memoria", "the script uses too much memory")
ENDED: Final = Label("lo script ha fatto terminare il processo che lo eseguiva", "the script ended the process that ran it")
ODD: Final = Label("il processo dello script non ha dato una risposta valida", "the process of the script gave no valid answer")
_REASONS: Final = {
    Loss.TIMEOUT: (Kind.BUDGET, TIMEOUT),
    Loss.MEMORY: (Kind.BUDGET, MEMORY),
    Loss.ENDED: (Kind.BUDGET, ENDED),
    Loss.FILTERED: (Kind.FORBIDDEN, ENDED),
    Loss.PROTOCOL: (Kind.RUNTIME, ODD),
    Loss.FAULT: (Kind.RUNTIME, ODD),
}

_T = TypeVar("_T")
Contexts = Iterable[Mapping[str, object]]


class Isolated:
    """Run sources in the workers of a pool; see `Runner`.

    A run that costs its worker is a `ScriptError` of that run, and of no other. `NoWorkerFree` and `WorkerUnavailable` are no fault of a
    source.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self.pool = pool
        self._trees = Trees()

    def run(self, kind: str, source: str, context: Mapping[str, object], *, options: Options = NONE, tenant: str = "") -> object:
        """Run a source on one context; see `Runner`."""
        tree = self._tree(kind, source, options, tenant)
        request = _request(kind, source, options, [_selected(context, tree)])
        answers, _ = self._ask(request, 1, tenant, _deadline(options))
        answer = answers[0]
        if isinstance(answer, ScriptError):
            raise answer
        return answer

    def run_many(self, kind: str, source: str, contexts: Contexts, *, options: Options = NONE, tenant: str = "") -> Iterator[object]:
        """Run a source on many contexts; see `Runner`."""
        tree = self._tree(kind, source, options, tenant)

        def made(some: Sequence[Mapping[str, object]]) -> bytes:
            return _request(kind, source, options, [_selected(context, tree) for context in some]) if some else b""

        return self._each(iter(contexts), made, tenant, _deadline(options) + _CHUNK_SECONDS)

    def check(self) -> Mapping[str, str]:
        """Start a worker, and see that it is locked down; see `Runner`."""
        return self.pool.walls()

    def close(self) -> None:
        """End the workers."""
        self.pool.close()

    def _each(
        self,
        contexts: Iterator[Mapping[str, object]],
        made: Callable[[Sequence[Mapping[str, object]]], bytes],
        tenant: str,
        deadline: float,
    ) -> Iterator[object]:
        chunk = list(islice(contexts, _CHUNK))
        request = made(chunk)
        while chunk:
            # Fetched before a worker is taken: whoever makes the contexts may need one himself.
            following = list(islice(contexts, _CHUNK))
            # Written down while the worker is busy with the chunk before.
            answers, after = self._ask(request, len(chunk), tenant, deadline, partial(made, following))
            yield from answers
            if len(answers) < len(chunk):
                # It stopped, so that no request takes long; the rest is asked again.
                contexts = chain(following, contexts)
                following = chunk[len(answers) :]
                after = made(following)
            chunk, request = following, after

    def _tree(self, kind: str, source: str, options: Options, tenant: str) -> Tree | None:
        def uses() -> list[Path] | None:
            request = _request(kind, source, options, [], describe=True)
            [paths], _ = self._answer(request, lambda answer: [_paths(answer.get("uses"))], tenant, _deadline(options), bytes)
            return paths

        # What a worker says holds for its own tenant only, be the source the same.
        return self._trees.of((tenant, kind, source), uses)

    def _ask(
        self, request: bytes, count: int, tenant: str, deadline: float, meanwhile: Callable[[], bytes] = bytes
    ) -> tuple[list[object], bytes]:
        """Return the answers to a request, at least one and at most as many as it has contexts, and what ``meanwhile`` returns."""
        return self._answer(request, lambda answer: _answers(answer, count), tenant, deadline, meanwhile)

    def _answer(
        self,
        request: bytes,
        read: Callable[[dict[str, Any]], list[_T]],
        tenant: str,
        deadline: float,
        meanwhile: Callable[[], bytes],
    ) -> tuple[list[_T], bytes]:
        for attempt in range(_TRIES):
            try:
                with self.pool.worker(tenant) as worker:
                    # Read while it is held: whoever gives no valid answer is not given back.
                    refused, found, made = _talk(worker, request, read, deadline, meanwhile)
            except WorkerStale:
                # It was of no use before it was asked: nothing is lost, and another one is there.
                continue
            except WorkerGone as error:
                # What it said may be left from the call before, of whoever broke into it: this one is asked again, of another worker.
                # Scripts change nothing, so asking twice is harmless; who breaks in by this very call gets no further the second time.
                if error.loss is Loss.PROTOCOL and attempt == 0:
                    continue
                raise ScriptError(*_REASONS[error.loss]) from None
            if refused is not None:
                raise refused
            return found, made
        raise ScriptError(*_REASONS[Loss.ENDED])


def _talk(
    worker: WorkerProcess,
    request: bytes,
    read: Callable[[dict[str, Any]], list[_T]],
    deadline: float,
    meanwhile: Callable[[], bytes],
) -> tuple[ScriptError | None, list[_T], bytes]:
    """Return the refusal of a source, or what it gave; whatever a worker may say instead is the end of it."""
    nonce = os.urandom(16)
    worker.send(request, nonce, deadline)
    made = meanwhile()
    answer = worker.receive(nonce, deadline)
    if "broken" in answer:
        broken = str(answer["broken"])[:100]
        message = f"its engine failed: {broken}"
        raise WorkerGone(message, Loss.MEMORY if broken in {"MemoryError", "RecursionError"} else Loss.FAULT)
    try:
        if "refused" in answer:
            return unpack_error(answer["refused"]), [], made
        return None, read(answer), made
    except BadFrame as error:
        raise WorkerGone(str(error), Loss.PROTOCOL) from None


def _answers(answer: dict[str, Any], count: int) -> list[object]:
    found = answer.get("answers")
    if type(found) is not list or not 0 < len(found) <= count:
        message = "not as many answers as questions"
        raise BadFrame(message)
    return [unpack(each[0]) if type(each) is list and len(each) == 1 else unpack_error(each) for each in found]


def _request(kind: str, source: str, options: Options, contexts: Sequence[object], *, describe: bool = False) -> bytes:
    return encode(
        {
            "kind": kind,
            "source": source,
            "options": pack(dict(options)),
            "contexts": contexts,
            "seconds": _CHUNK_SECONDS,
            "describe": describe,
        }
    )


def _deadline(options: Options) -> float:
    limits: Any = options.get("limits", {})
    # The engine's own clock is the processor's; the machine's goes on while others are served.
    return 4 * float(limits.get("seconds", DEFAULT_LIMITS.seconds)) + _GRACE


def _selected(context: Mapping[str, object], tree: Tree | None) -> dict[str, Any]:
    found: dict[str, Any] = select(context, tree, _packed, escape)
    return found


def _packed(value: object) -> object:
    found = freeze(value)
    return found if type(found) in _SIMPLE else pack(found)


_SIMPLE: Final = frozenset({type(None), bool, str, int, float})
"""What JSON has as it is."""


def _paths(found: object) -> list[Path] | None:
    """Return what a worker says that a source reads; all when it says nothing that can be read."""
    if type(found) is not list or len(found) > _MOST_PATHS:
        return None
    paths = [tuple(path) for path in found if type(path) is list and path and all(type(name) is str for name in path)]
    return paths if len(paths) == len(found) else None
