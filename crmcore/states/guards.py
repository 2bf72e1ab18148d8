"""Guards that are rules in text: they read the fields of the record and its characteristics, and say yes or no (F07, G20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

import attrs

from crmcore.characteristics.state import state_of
from crmcore.errors import Problem
from crmcore.scripting.names import is_function_name
from crmcore.session.fields import plan_of

if TYPE_CHECKING:
    from crmcore.model import Entity
    from crmcore.scripting import ScriptError
    from crmcore.session import Session

_LONGEST_SHOWN: Final = 60


def rule_problems(session: Session, record: Entity, guard: str) -> list[Problem]:
    """Return why a rule does not let a record pass."""
    from crmcore.scripting import Kind, NotPlain, ScriptError  # noqa: PLC0415 - deployments without rules need no engine

    entity = record.entity_name()
    if is_function_name(guard):
        # Its plugin is off: closed rather than ignored.
        return [Problem(code="GUARD_UNSUPPORTED", params={"table": entity, "step": "", "guard": guard})]
    context = GuardContext(session, record)
    try:
        answer = session.crm.rules.run(guard, context, frozenset(context))
    except ScriptError as error:
        if error.kind is not Kind.REJECTED:
            return [_failed(entity, guard, error)]
        return [Problem(code="GUARD_REJECTED", params={"entity": entity, "reason": error.text, "line": error.line, "column": error.column})]
    except NotPlain as error:
        return [
            Problem(code="GUARD_BROKEN", params={"entity": entity, "rule": _shown(guard), "line": 1, "column": 1, "reason": str(error)})
        ]
    return [] if answer.value else [Problem(code="GUARD_FAILED", params={"entity": entity, "rule": _shown(guard)})]


def _failed(entity: str, guard: str, error: ScriptError) -> Problem:
    params = {"entity": entity, "rule": _shown(guard), "line": error.line, "column": error.column, "reason": error.text}
    return Problem(code="GUARD_BROKEN", params=params)


def _shown(guard: str) -> str:
    line = guard.strip().splitlines()[0] if guard.strip() else ""
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"


def guard_inputs(session: Session, cls: type[Entity]) -> frozenset[str]:
    """Return the names that a guard of an entity may read."""
    plan = plan_of(cls)
    keys = state_of(session).of(cls.entity_name()) if plan.has_characteristics else ()
    return frozenset({"record", "today", *plan.fields, *keys} - {"characteristics"})


@attrs.frozen
class GuardContext(Mapping[str, object]):
    """What a guard is given: each field of the record and each characteristic by its name, ``record`` with all of them, ``today``."""

    session: Session
    record: Entity

    def __getitem__(self, name: str) -> object:
        if name == "record":
            return {each: self[each] for each in self if each not in {"record", "today"}}
        if name == "today":
            return self.session.today()
        plan = plan_of(type(self.record))
        definition = state_of(self.session).of(self.record.entity_name()).get(name) if plan.has_characteristics else None
        if definition is not None:
            return definition.read(getattr(self.record, "characteristics").get(name))  # noqa: B009 - only some entities have them
        if name not in plan.fields:
            raise KeyError(name)
        value = getattr(self.record, name)
        return value.astimezone(self.session.crm.zone) if isinstance(value, datetime) else value

    def __iter__(self) -> Iterator[str]:
        return iter(guard_inputs(self.session, type(self.record)))

    def __len__(self) -> int:
        return len(guard_inputs(self.session, type(self.record)))
