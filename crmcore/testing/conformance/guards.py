"""Watch what a plugin does while it runs: the network, transactions, statements. Nothing is changed for anybody else in the process."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, Final
from unittest.mock import patch

import attrs
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session as OrmSession

from crmcore.session import Session
from crmcore.testing.conformance.subject import Subject

_NOT_COUNTED: Final = frozenset({"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET"})
_ENDINGS: Final = (
    (Session, ("commit", "rollback", "close")),
    (OrmSession, ("commit", "rollback", "close")),
    (Connection, ("commit", "rollback")),
)


@attrs.frozen
class Caught:
    """Something that a function of the plugin did and should not have."""

    function: str
    what: str


@contextmanager
def no_network(subject: Subject) -> Iterator[list[Caught]]:
    """Refuse every connection through Python's sockets, and list who tried; the driver of PostgreSQL does not use them."""
    caught: list[Caught] = []

    def refuse(*arguments: object, **_: object) -> Any:  # noqa: ANN401 - stands for several functions
        address = arguments[1] if isinstance(arguments[0], socket.socket) and len(arguments) > 1 else arguments[0]
        caught.append(Caught(_own_function(subject) or "the plugin", str(address)))
        message = "the conformance kit refuses the network"
        raise OSError(message)

    with ExitStack() as stack:
        for target, name in (
            (socket.socket, "connect"),
            (socket.socket, "connect_ex"),
            (socket, "getaddrinfo"),
            (socket, "create_connection"),
        ):
            stack.enter_context(patch.object(target, name, refuse))
        yield caught


@contextmanager
def no_endings(subject: Subject) -> Iterator[list[Caught]]:
    """List the functions of the plugin that commit, roll back or close what they were given, and do nothing instead."""
    caught: list[Caught] = []
    with ExitStack() as stack:
        for cls, names in _ENDINGS:
            for name in names:
                stack.enter_context(patch.object(cls, name, _watched(subject, getattr(cls, name), name, caught)))
        yield caught


def _watched(subject: Subject, original: Callable[..., Any], name: str, caught: list[Caught]) -> Callable[..., Any]:
    def watch(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - stands for several methods
        caller = sys._getframe(1)  # noqa: SLF001 - the only way to know who calls
        if subject.is_own_module(caller.f_globals.get("__name__", "")):
            caught.append(Caught(_name(caller), f"{type(arguments[0]).__name__}.{name}"))
            return None
        return original(*arguments, **options)

    return watch


def _own_function(subject: Subject) -> str | None:
    """Return the innermost function of the plugin that is running."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - as above
    while frame is not None:
        if subject.is_own_module(frame.f_globals.get("__name__", "")):
            return _name(frame)
        frame = frame.f_back
    return None


def _name(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}"


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """List the statements that run on an engine, without those that only begin or end a transaction."""
    seen: list[str] = []

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        if statement.split(maxsplit=1)[0].upper().rstrip(";") not in _NOT_COUNTED:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
