"""Events, handlers, jobs and commands."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from crmcore.errors import Problem
from crmcore.events import Event, RecordVerb
from crmcore.hooks import ANY_EVENT, Handler, Job, Phase
from crmcore.registry.collect import Declarations
from crmcore.registry.discovery import describe

_TARGET: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_PROBE: Final = datetime(2026, 1, 1, tzinfo=UTC)


def event_name(event: str | type[Event]) -> str:
    """Return the type of an event given by class or by name."""
    return event if isinstance(event, str) else event.TYPE


def check_behaviour(declarations: Declarations, entities: Iterable[str]) -> list[Problem]:
    """Return the problems of events, handlers, jobs and commands."""
    known = {f"{entity}.{verb}" for entity in entities for verb in RecordVerb}
    known |= {item.value.TYPE for item in declarations.of("crm_events")}
    known.add("automation.loop_detected")
    problems: list[Problem] = []
    for item in declarations.of("crm_events"):
        problems += _check_event(item.plugin, item.value)
    for item in declarations.of("crm_handlers"):
        problems += _check_handler(item.plugin, item.value, known)
    for item in declarations.of("crm_jobs"):
        problems += _check_job(item.plugin, item.value)
    for item in declarations.of("crm_commands"):
        if not _TARGET.fullmatch(item.value.target):
            params = {"command": item.value.name, "reason": f"target {item.value.target!r} is not `package.module:name`"}
            problems.append(Problem(code="COMMAND_INVALID", plugin=item.plugin, hook="crm_commands", object=item.value.name, params=params))
    return problems


def _check_event(plugin: str, cls: type[Event]) -> Iterator[Problem]:
    def problem(reason: str) -> Problem:
        return Problem(
            code="EVENT_INVALID", plugin=plugin, hook="crm_events", object=cls.__name__, params={"type": cls.TYPE, "reason": reason}
        )

    if "__attrs_attrs__" not in vars(cls):
        yield problem("the class is not an attrs class")
        return
    if getattr(cls.__setattr__, "__name__", "") != "_frozen_setattrs":
        yield problem("the class is not frozen")
    if cls.VERSION < 1:
        yield problem(f"VERSION must be a positive integer, got {cls.VERSION!r}")


def _check_function(function: Callable[..., Any], arguments: str) -> str:
    if not inspect.isfunction(function):
        return f"expected a function {arguments}, got {type(function).__name__}"
    if "<locals>" in function.__qualname__ or function.__name__ == "<lambda>":
        return f"{function.__qualname__} is not a module-level function"
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return f"{function.__name__}{inspect.signature(function)} does not take {arguments}"
    return ""


def _check_handler(plugin: str, handler: Handler, known: set[str]) -> Iterator[Problem]:
    def problem(code: str, **params: object) -> Problem:
        return Problem(code=code, plugin=plugin, hook="crm_handlers", object=handler.key, params={"handler": handler.key, **params})

    event = event_name(handler.event)
    # Deliveries of every event to somebody would be a row of the queue for each change of the CRM.
    if event not in known and (event != ANY_EVENT or handler.phase is not Phase.IN_TRANSACTION):
        near = difflib.get_close_matches(event, known, n=1)
        yield problem("HANDLER_EVENT_UNKNOWN", event=event, hint=f"; did you mean {near[0]}?" if near else "")
    reason = _check_function(handler.fn, "(session, event)") or _check_limits(handler.max_attempts, handler.timeout)
    if reason:
        yield problem("HANDLER_INVALID", reason=reason)


def _check_limits(max_attempts: int, timeout: timedelta) -> str:
    if max_attempts < 1:
        return f"max_attempts must be at least 1, got {max_attempts}"
    if timeout < timedelta(seconds=1):
        return f"timeout must be at least a second, got {timeout}"
    return ""


def _check_job(plugin: str, job: Job) -> Iterator[Problem]:
    reason = _check_function(job.fn, "(session, run)") or _check_limits(job.max_attempts, job.timeout)
    if not reason and job.every is not None:
        try:
            due = job.every.next_after(_PROBE, ZoneInfo("Europe/Rome"))
        except Exception as error:  # noqa: BLE001 - a schedule may be foreign code: whatever it raises is reported with its plugin
            reason = f"its schedule raised {describe(error)}"
        else:
            reason = "" if due is not None and due > _PROBE else "its schedule has no next time"
    if reason:
        yield Problem(code="JOB_INVALID", plugin=plugin, hook="crm_jobs", object=job.name, params={"job": job.name, "reason": reason})
